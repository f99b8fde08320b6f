"""A program that starts itself anew, as reloaders of web servers do."""

import os
import sys


def main() -> None:
    if "again" in sys.argv:
        print("again", sys.argv[1:], sys.prefix)
        return
    os.execv(sys.executable, [sys.executable, *sys.argv, "again"])
