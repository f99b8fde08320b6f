"""What verbs ask of a repository at one commit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from attrs import frozen

from ..errors import FileMissing
from ..model.requirements.text import decode

_HARDEN = (
    "run buildbot-ship harden, or the step HardenRequirements, review and commit what it "
    "writes; or name the right file in the options"
)


@frozen
class TreeFile:
    """A plain file of a commit: its bytes, and whether git has it as an executable one."""

    data: bytes
    executable: bool = False


@frozen
class TreeEntry:
    """A file or a link of a commit, its bytes unread; a link has a *target*.

    *identity* is the same for the same bytes: git's name for them.
    """

    size: int
    executable: bool = False
    target: str = ""
    identity: str = ""


class Files(Protocol):
    """Whatever holds files by path: a commit, or the working directory."""

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``).

        None when it is absent, a folder, or a link.
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

    @property
    def archival(self) -> bytes:
        """What ``git archive`` would tell of it, for those that ask git for a version.

        Raises RepositoryError where the history is not whole.
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
