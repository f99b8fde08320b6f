"""What verbs ask of a repository at one commit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol

from attrs import frozen

from ..errors import FileMissing, ShipError
from ..model.requirements.text import decode

_HARDEN = (
    "run buildbot-ship harden, or the step HardenRequirements, review and commit what it "
    "writes; or name the right file in the options"
)
ABSENT = "it is not initialised here"
NO_LINK = "name the folder itself, not a link to it"


@frozen
class TreeFile:
    """A plain file of a commit, and whether git has it as an executable one.

    *content* is its bytes, or the file on this worker that holds them.
    """

    content: bytes | Path
    executable: bool = False

    @property
    def data(self) -> bytes:
        """Return the bytes."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def open(self) -> IO[bytes]:
        """Return the bytes as a stream."""
        if isinstance(self.content, bytes):
            return BytesIO(self.content)
        return self.content.open("rb")


@frozen
class TreeEntry:
    """A file or a link of a commit, its bytes unread; a link has a *target*.

    *identity* is the same for the same bytes: git's name for them, or that of Git LFS.  A
    submodule whose files are not on this worker is one entry, with the *fault* to raise where
    its files are needed.
    """

    size: int
    executable: bool = False
    target: str = ""
    identity: str = ""
    fault: ShipError | None = None


class Files(Protocol):
    """Whatever holds files by path: a commit, or the working directory."""

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``).

        None when it is absent, a folder, or a link.  Raises SubmoduleMissing, LfsMissing.
        """

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield every plain file below *folder* (``.``: all), its path from there on."""


class Tree(Files, Protocol):
    """The files of one commit.  They are git's, whatever the working directory holds."""

    @property
    def commit(self) -> str:
        """The commit's full hash, in hexadecimal."""

    @property
    def committed(self) -> datetime:
        """When it was committed: an aware time in UTC, whole seconds."""

    def archival(self, folder: str) -> bytes:
        """Return what ``git archive`` would tell of the commit that *folder* is of.

        Build backends that ask git for a version read it.  A folder in a submodule is of the
        submodule's commit.  Raises RepositoryError where the history is not whole.
        """

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        """Yield every plain file and every link by its path, in order."""


def required(source: Files, path: str) -> bytes:
    """Return the bytes of the file at *path*.  Raises FileMissing."""
    data = read_bytes(source, path)
    if data is None:
        raise FileMissing(path, "the repository")
    return data


def hardened(source: Files, path: str) -> str:
    """Return the text of a file that hardening makes.  Raises FileMissing, InvalidFile."""
    data = read_bytes(source, path)
    if data is None:
        raise FileMissing(path, "the repository", _HARDEN)
    return decode(data, path)


def read_bytes(source: Files, path: str) -> bytes | None:
    """Return the bytes of the file at *path*, or None."""
    file = source.read(path)
    return None if file is None else file.data


def read_text(source: Files, path: str) -> str:
    """Return the text at *path*, empty when there is no such file.  Raises InvalidFile."""
    data = read_bytes(source, path)
    return "" if data is None else decode(data, path)
