"""git as a process: one that answers and ends, and one that gives blobs as long as asked."""

from __future__ import annotations

import os
import re
import subprocess
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from ..errors import RepositoryError

_SEVERITY = re.compile(r"^(?:fatal|error): ")


def git_command(checkout: Path, *arguments: str) -> list[str]:
    """Return a call of git in *checkout*, whoever owns that, with paths taken literally."""
    return [
        "git",
        "-c",
        "safe.directory=*",
        "--literal-pathspecs",
        "-C",
        str(checkout),
        *arguments,
    ]


def git(
    checkout: Path,
    what: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    said: bytes = b"",
) -> bytes:
    """Return what git answers in *checkout*, with *said* on its standard input.

    Raises RepositoryError, which names *what* was wanted and has git's last line.
    """
    try:
        done = subprocess.run(
            git_command(checkout, *arguments),
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            input=said,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise RepositoryError(what, "git is not installed on this worker") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = _SEVERITY.sub("", lines[-1]) if lines else "git does not know it"
        raise RepositoryError(what, why)
    return done.stdout


class Blobs:
    """A ``git cat-file --batch`` that ends with this object."""

    def __init__(self, checkout: Path) -> None:
        """Start it."""
        process = subprocess.Popen(
            git_command(checkout, "cat-file", "--batch"),
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
