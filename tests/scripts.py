"""The scripts of containers in one folder, as a job finds them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from buildbot_ship import inside


@cache
def scripts_folder() -> Path:
    """Return a folder with every script; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="ship-scripts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, source in inside.scripts().items():
        (folder / name).write_bytes(source)
    return folder
