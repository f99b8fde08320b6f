"""Wait for a job in a container that was made ready for it, and become it.

Called as ``python -c <this> JOB_FOLDER``, before anything is in the container.  The last
file of a job to arrive is ``standby.json``: the arguments that its script is called with.
"""

from __future__ import annotations

import json
import os
import sys
import time


def wait_for_command(path: str) -> list[str]:
    """Return the list in the JSON file at *path*, once all of it is there."""
    while True:
        try:
            with open(path, encoding="utf-8") as file:
                command: list[str] = json.load(file)
            return command
        except (OSError, ValueError):
            time.sleep(0.005)


if __name__ == "__main__":
    found = wait_for_command(f"{sys.argv[1]}/standby.json")
    os.execv(sys.executable, [sys.executable, *found])  # noqa: S606
