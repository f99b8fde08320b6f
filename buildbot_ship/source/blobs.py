"""The bytes of a repository's blobs, all of them through one process of git."""

from __future__ import annotations

import subprocess
import weakref
from pathlib import Path
from typing import IO, cast

from ..errors import RepositoryError


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
        try:
            self._questions.write(f"{name}\n".encode("ascii"))
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
        return data[:-1]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()
