"""The tree at a commit, as git has it: the working directory plays no part."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

import attrs

from ..errors import LimitExceeded, RepositoryError
from .interface import TreeEntry, TreeFile

MAX_TREE = 1024**3
"""Bytes that the files of one exported folder may have together."""
_FILE_MODES = {"100644": False, "100755": True}
_LINK = "120000"


@attrs.frozen
class _Blob:
    path: str
    object: str
    size: int
    executable: bool
    is_link: bool = False


@attrs.define(slots=False)
class GitTree:
    """The files of one commit of the repository whose checkout is *checkout*."""

    checkout: Path
    commit: str

    @classmethod
    def resolve(cls, checkout: Path, revision: str) -> GitTree:
        """Return the tree at *revision*.  Raises RepositoryError."""
        what = f"revision {revision!r}"
        output = _git(
            checkout,
            what,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
        return cls(checkout, output.decode("ascii").strip())

    @cached_property
    def committed(self) -> datetime:
        """Return when the commit was made: an aware time in UTC, whole seconds."""
        shown = _git(
            self.checkout, "the commit's time", "show", "-s", "--format=%ct", self.commit
        )
        return datetime.fromtimestamp(int(shown), timezone.utc)

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``), or None."""
        for blob in self._blobs(path):
            if blob.path == path:
                return TreeFile(self._content(blob), blob.executable)
        return None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield every plain file below *folder* (``.``: all), its path from there, in order.

        Raises RepositoryError when there is no such folder, LimitExceeded when the files
        are more than 1 GiB together.
        """
        blobs = self._blobs("" if folder == "." else f"{folder.rstrip('/')}/")
        if not blobs:
            raise RepositoryError(
                f"folder {folder}", f"commit {self.commit} has no files in it"
            )
        if sum(blob.size for blob in blobs) > MAX_TREE:
            raise LimitExceeded(f"folder {folder} at the commit", f"{MAX_TREE} bytes")
        start = 0 if folder == "." else len(folder.rstrip("/")) + 1
        for blob in blobs:
            yield blob.path[start:], TreeFile(self._content(blob), blob.executable)

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        """Yield every plain file and every link by its path, in order."""
        for blob in self._listed(""):
            target = os.fsdecode(self._content(blob)) if blob.is_link else ""
            yield blob.path, TreeEntry(blob.size, blob.executable, target, blob.object)

    def _blobs(self, below: str) -> list[_Blob]:
        return [blob for blob in self._listed(below) if not blob.is_link]

    def _listed(self, below: str) -> list[_Blob]:
        arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", self.commit]
        if below:
            arguments += ["--", below]
        listing = _git(self.checkout, "the commit's files", *arguments)
        return [blob for line in listing.split(b"\0") if line for blob in _blob(line)]

    def _content(self, blob: _Blob) -> bytes:
        return _git(self.checkout, blob.path, "cat-file", "blob", blob.object)


def _blob(line: bytes) -> Iterator[_Blob]:
    head, path = line.decode("utf-8", "surrogateescape").split("\t", 1)
    mode, _, name, size = head.split()
    if mode in _FILE_MODES or mode == _LINK:
        yield _Blob(path, name, int(size), _FILE_MODES.get(mode, False), mode == _LINK)


def _git(checkout: Path, what: str, *arguments: str) -> bytes:
    command = ["git", "-c", "safe.directory=*", "--literal-pathspecs", "-C", str(checkout)]
    try:
        done = subprocess.run([*command, *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise RepositoryError(what, "git is not installed on this worker") from None
    if done.returncode:
        error = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = error[-1].removeprefix("fatal: ") if error else "git does not know it"
        raise RepositoryError(what, why)
    return done.stdout
