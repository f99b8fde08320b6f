"""The interface of a repository: files by path, at a commit or in the working directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from attrs import frozen

from ..errors import FileMissing, ShipError
from ..model.requirements.text import decode

_HARDEN = (
    "run buildbot-ship harden, or the step HardenRequirements, then review and commit the "
    "files; or correct the file names in the options"
)
ABSENT = "it is not initialised here"
NO_LINK = "name the folder itself, not a link to it"


@frozen
class TreeFile:
    """A plain file: its bytes, a path or a function that opens them; true if executable."""

    content: bytes | Path | Callable[[], IO[bytes]]
    executable: bool = False

    @property
    def data(self) -> bytes:
        """Return the bytes."""
        if isinstance(self.content, bytes):
            return self.content
        with self.open() as file:
            return file.read()

    def open(self) -> IO[bytes]:
        """Return the bytes as a stream."""
        if isinstance(self.content, bytes):
            return BytesIO(self.content)
        return self.content.open("rb") if isinstance(self.content, Path) else self.content()


@frozen
class TreeEntry:
    """A file or a symbolic link (with a *target*) of a commit, without its bytes.

    *identity* is the digest of its bytes: the git object name, or the sha256 of Git LFS.  A
    submodule whose files are not on this worker is one entry.  Its *fault* is the error to
    raise if its files are needed.
    """

    size: int
    executable: bool = False
    target: str = ""
    identity: str = ""
    fault: ShipError | None = None


class Files(Protocol):
    """Files by path: of a commit, or of the working directory."""

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``).

        None when it is absent, a folder, or a link.  Raises SubmoduleMissing, LfsMissing.
        """

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield all plain files below *folder* (``.``: all), with paths relative to it."""


class History(Protocol):
    """What build backends read to learn the version of a commit."""

    @property
    def commit(self) -> str:
        """The commit's full hash, in hexadecimal."""

    @property
    def top(self) -> str:
        """The path of the submodule that has the commit, ``.`` for the repository itself."""

    @property
    def description(self) -> bytes:
        """The ``.git_archival.txt``.  Raises RepositoryError for a shallow clone."""

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """The tags of the commit and its ancestors, with the names of their objects.

        Raises RepositoryError for a shallow clone.
        """

    def write_pack(self, target: Path) -> None:
        """Write a git pack of what describes the commit: commits, tags and folders."""


class Tree(Files, Protocol):
    """The files of one commit, independent of the working directory."""

    @property
    def commit(self) -> str:
        """The commit's full hash, in hexadecimal."""

    @property
    def committed(self) -> datetime:
        """When it was committed: an aware time in UTC, whole seconds."""

    def history(self, folder: str) -> History:
        """Return the history of the commit that *folder* is of.

        For a folder in a submodule, that is the submodule's commit.  Raises SubmoduleMissing.
        """

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        """Yield all plain files and links by path, sorted."""


def required(source: Files, path: str) -> bytes:
    """Return the bytes of the file at *path*.  Raises FileMissing."""
    data = read_bytes(source, path)
    if data is None:
        raise FileMissing(path, "the repository")
    return data


def read_hardened(source: Files, path: str) -> str:
    """Return the text of a file that `harden` writes.  Raises FileMissing, InvalidFile."""
    data = read_bytes(source, path)
    if data is None:
        raise FileMissing(path, "the repository", _HARDEN)
    return decode(data, path)


def read_bytes(source: Files, path: str) -> bytes | None:
    """Return the bytes of the file at *path*, or None."""
    file = source.read(path)
    return None if file is None else file.data


def read_text(source: Files, path: str) -> str:
    """Return the text at *path*, empty if there is no such file.  Raises InvalidFile."""
    data = read_bytes(source, path)
    return "" if data is None else decode(data, path)
