"""Code that runs in containers and in shipped images; it imports nothing of buildbot_ship.

| folder | what lies there |
|---|---|
| ``protocol/`` | how a container takes a job and gives its result |
| ``jobs/`` | one script for each job |
| ``resolving/`` | what jobs share that ask a package index |
| ``building/`` | what jobs share that build wheels |
| ``installing/`` | what jobs share that install wheels into layers |
| ``launcher/`` | what runs in shipped images |
| ``tools/`` | the locks of the tools that jobs use |

A job's folder in the container holds all scripts side by side, so they import each other by
their plain names.  Each is called as ``PYTHON script.py JOB_FOLDER OUT_FOLDER``:
``job.json`` in the job folder holds its arguments, and it leaves ``result.json`` in the out
folder (see ``protocol/job.py``).
"""

from __future__ import annotations

from importlib.resources import files

_SCRIPTS = ("protocol", "jobs", "resolving", "building", "installing")
ENTRY = "entry.py"


def scripts() -> dict[str, bytes]:
    """Return the scripts that every container gets, by file name."""
    return {
        item.name: item.read_bytes()
        for folder in _SCRIPTS
        for item in (files(__name__) / folder).iterdir()
        if item.name.endswith(".py") and item.name != "__init__.py"
    }


def script(name: str) -> bytes:
    """Return one of the `scripts` by its file name."""
    for folder in _SCRIPTS:
        item = files(__name__) / folder / name
        if item.is_file():
            return item.read_bytes()
    raise FileNotFoundError(name)


def launcher() -> bytes:
    """Return the source of the launcher."""
    return (files(__name__) / "launcher" / "launcher.py").read_bytes()


def locks() -> dict[str, bytes]:
    """Return the files that lock the tools by hash, as ``py3.N.txt``, by file name."""
    found = (files(__name__) / "tools").iterdir()
    return {item.name: item.read_bytes() for item in found if item.name.endswith(".txt")}
