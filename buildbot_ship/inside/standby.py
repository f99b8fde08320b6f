"""Wait for a job in a container that was made ready for it, and become it.

Called as ``python -c <this> JOB_FOLDER``, before anything is in the container.  The last
file of a job to arrive is ``standby.json``: the arguments that its script is called with.
"""

import json
import os
import sys
import time

PATH = f"{sys.argv[1]}/standby.json"

while True:
    try:
        with open(PATH, encoding="utf-8") as file:
            command = json.load(file)
        break
    except (OSError, ValueError):
        # It is not there yet, or not all of it.
        time.sleep(0.005)

os.execv(sys.executable, [sys.executable, *command])  # noqa: S606
