"""Run git as a process: single commands, and ``git cat-file --batch`` for many blobs."""

from __future__ import annotations

import io
import os
import re
import subprocess
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

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
    """A git directory, such as ``.git/modules/NAME``.

    Git ignores the working directory that its settings name, which may not exist.
    """

    path: Path


LARGE = 4 * 1024**2
"""Bytes of a blob from which on it is read in pieces: it must not fill the memory."""
Place = Path | GitDir
"""Where git runs: a checkout, or a git directory."""


def git_command(place: Place, *arguments: str) -> list[str]:
    """Return the command line of git in *place*.

    Any owner of the folder is accepted, and paths are literal.
    """
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
    stdin: bytes = b"",
) -> bytes:
    """Run git in *place* with *stdin*; return its output.

    Raises RepositoryError with *what* was to be read, and the last line that git wrote.
    """
    try:
        done = subprocess.run(
            git_command(place, *arguments),
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            input=stdin,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise RepositoryError(what, "git is not installed on this worker") from None
    if done.returncode:
        raise fault_of(what, done.stderr.decode("utf-8", "replace").strip())
    return done.stdout


def git_dirs(place: Place) -> list[Path]:
    """Return the git directory of a checkout, and the one that all its worktrees share."""
    folder = place.path if isinstance(place, GitDir) else place
    output = git(place, "the repository", "rev-parse", "--git-dir", "--git-common-dir")
    return list(dict.fromkeys(folder / line for line in os.fsdecode(output).splitlines()))


def fault_of(what: str, stderr: str) -> RepositoryError:
    """Return the error for the *stderr* of a failed git command."""
    lines = stderr.splitlines()
    if any(word in stderr for word in _DISTRUST):
        return RepositoryError(what, "git refuses a checkout of another user", _TRUST)
    why = _SEVERITY.sub("", lines[-1]) if lines else "git does not find it"
    return RepositoryError(what, why)


class Blobs:
    """A ``git cat-file --batch`` process, which ends with this object."""

    def __init__(self, place: Place) -> None:
        """Start git in *place*."""
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
        """Return the content of the object *name*; *path* is for errors.

        Raises RepositoryError.
        """
        return self.look_up(name, path)[1]

    def look_up(self, name: str, path: str) -> tuple[str, bytes]:
        """Return the full name and the content of the object or revision *name*.

        *path* is for errors.  Raises RepositoryError.
        """
        try:
            self._questions.write(f"{name}\n".encode())
            self._questions.flush()
        except BrokenPipeError:
            raise RepositoryError(path, "git ended unexpectedly") from None
        head = self._answers.readline().split()
        if len(head) != 3:
            raise RepositoryError(path, "git does not have its content")
        size = int(head[2])
        data = self._answers.read(size + 1)
        if len(data) != size + 1:
            raise RepositoryError(path, "git ended unexpectedly")
        return head[0].decode("ascii"), data[:-1]


class _BlobFile(io.RawIOBase):
    """The content of one object, which git writes while it is read."""

    def __init__(self, place: Place, name: str, path: str) -> None:
        self._path = path
        self._process = subprocess.Popen(
            git_command(place, "cat-file", "blob", name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._source = cast(IO[bytes], self._process.stdout)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size: int = self._source.readinto(buffer)  # type: ignore[attr-defined]
        if size == 0 and self._process.wait() != 0:
            raise RepositoryError(self._path, "git does not have its content")
        return size

    def close(self) -> None:
        self._source.close()
        self._process.wait()
        super().close()


def open_blob(place: Place, name: str, path: str) -> IO[bytes]:
    """Return the content of the blob *name* as a stream; *path* is for errors.

    Reading raises RepositoryError.
    """
    return io.BufferedReader(_BlobFile(place, name, path), 1 << 16)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()
