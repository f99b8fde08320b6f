"""git as a process: one that answers and ends, and one that gives blobs as long as asked."""

from __future__ import annotations

import os
import re
import subprocess
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

import attrs

from ..errors import RepositoryError

_SEVERITY = re.compile(r"^(?:fatal|error): ")
_DISTRUST = ("dubious ownership", "unsafe repository")
_TRUST = (
    "let the user that runs this own the checkout, or run, as this user: "
    "git config --global --add safe.directory FOLDER"
)


@attrs.frozen
class GitDir:
    """A folder of git's own, such as ``.git/modules/NAME``.

    Git uses it as it is: the working directory that its settings name may be gone.
    """

    path: Path


Place = Path | GitDir
"""Where git runs: a checkout, or a folder of git's own."""


def git_command(place: Place, *arguments: str) -> list[str]:
    """Return a call of git in *place*, whoever owns that, with paths taken literally."""
    folder, options = place, list[str]()
    if isinstance(place, GitDir):
        folder, options = place.path, ["--git-dir=.", "--work-tree=."]
    return [
        "git",
        "-c",
        "safe.directory=*",
        "--literal-pathspecs",
        "-C",
        str(folder),
        *options,
        *arguments,
    ]


def git(
    place: Place,
    what: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    said: bytes = b"",
) -> bytes:
    """Return what git answers in *place*, with *said* on its standard input.

    Raises RepositoryError, which names *what* was wanted and has git's last line.
    """
    try:
        done = subprocess.run(
            git_command(place, *arguments),
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            input=said,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise RepositoryError(what, "git is not installed on this worker") from None
    if done.returncode:
        raise fault_of(what, done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


def git_dirs(place: Place) -> list[Path]:
    """Return the folders of git's own: of this checkout, and what all its worktrees share."""
    folder = place.path if isinstance(place, GitDir) else place
    said = git(place, "the repository", "rev-parse", "--git-dir", "--git-common-dir")
    return list(dict.fromkeys(folder / line for line in os.fsdecode(said).splitlines()))


def fault_of(what: str, said: str) -> RepositoryError:
    """Return the error for what git *said* when it failed."""
    lines = said.splitlines()
    if any(word in said for word in _DISTRUST):
        return RepositoryError(what, "git refuses a checkout of another user", _TRUST)
    why = _SEVERITY.sub("", lines[-1]) if lines else "git does not know it"
    return RepositoryError(what, why)


class Blobs:
    """A ``git cat-file --batch`` that ends with this object."""

    def __init__(self, place: Place) -> None:
        """Start it."""
        process = subprocess.Popen(
            git_command(place, "cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._questions = cast(IO[bytes], process.stdin)
        self._answers = cast(IO[bytes], process.stdout)
        weakref.finalize(self, _end, process)

    def read(self, name: str, path: str) -> bytes:
        """Return the blob called *name*, which is the file *path*.  Raises RepositoryError."""
        return self.look_up(name, path)[1]

    def look_up(self, name: str, path: str) -> tuple[str, bytes]:
        """Return the full name and the content of what git understands by *name*.

        Raises RepositoryError, which calls it *path*.
        """
        try:
            self._questions.write(f"{name}\n".encode())
            self._questions.flush()
        except BrokenPipeError:
            raise RepositoryError(path, "git ended") from None
        head = self._answers.readline().split()
        if len(head) != 3:
            raise RepositoryError(path, "git does not have its content")
        size = int(head[2])
        data = self._answers.read(size + 1)
        if len(data) != size + 1:
            raise RepositoryError(path, "git ended")
        return head[0].decode("ascii"), data[:-1]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()
