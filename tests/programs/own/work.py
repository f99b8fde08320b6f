"""What processes and workers are given to do."""

import os
import sys


def square(number: int) -> int:
    return number * number


def where(_: object = None) -> tuple[str, bool]:
    return sys.prefix, os.getpid() != 1
