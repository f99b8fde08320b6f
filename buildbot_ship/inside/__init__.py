"""Scripts that run in containers and in shipped images; they import nothing of buildbot_ship.

| folder | contents |
|---|---|
| ``protocol/`` | how a container receives a job and returns its result |
| ``jobs/`` | one script for each job |
| ``indexes/`` | modules of the jobs that ask a package index |
| ``resolving/`` | modules of the jobs that resolve requirements |
| ``building/`` | modules of the jobs that build wheels |
| ``installing/`` | modules of the jobs that install wheels into layers |
| ``launcher/`` | the program that starts an application in a shipped image |
| ``tools/`` | the lock files of the tools that jobs use |
| ``poetry/`` | the lock files of Poetry |

In a container all scripts lie in one folder, so they import each other by plain name.  A job's
script is called as ``PYTHON script.py JOB_FOLDER OUT_FOLDER``.  It reads its arguments from
``JOB_FOLDER/job.json`` and writes ``OUT_FOLDER/result.json`` (see ``protocol/job.py``).
"""

from __future__ import annotations

from importlib.resources import files

_SCRIPTS = ("protocol", "jobs", "indexes", "resolving", "building", "installing")
ENTRY = "entry.py"


def scripts() -> dict[str, bytes]:
    """Return the source of every script, by file name; every container gets all of them."""
    return {
        item.name: item.read_bytes()
        for folder in _SCRIPTS
        for item in (files(__name__) / folder).iterdir()
        if item.name.endswith(".py") and item.name != "__init__.py"
    }


def script(name: str) -> bytes:
    """Return the source of one script.  Raises FileNotFoundError."""
    for folder in _SCRIPTS:
        item = files(__name__) / folder / name
        if item.is_file():
            return item.read_bytes()
    raise FileNotFoundError(name)


def launcher() -> bytes:
    """Return the source of the launcher."""
    return (files(__name__) / "launcher" / "launcher.py").read_bytes()


def locks(folder: str = "tools") -> dict[str, bytes]:
    """Return the lock files of the tools, by file name: ``py3.N.txt``, with hashes.

    *folder* is ``tools``, or ``poetry`` for the tool that updates ``poetry.lock``.
    """
    items = (files(__name__) / folder).iterdir()
    return {item.name: item.read_bytes() for item in items if item.name.endswith(".txt")}
