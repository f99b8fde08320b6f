"""List a commit with ``git ls-tree``: files, links, submodules and Git LFS pointers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from ..errors import ShipError
from .git_command import Place, git

if TYPE_CHECKING:
    from .git_tree import GitTree

_FILE_MODES = {"100644": False, "100755": True}
_LINK, _MODULE = "120000", "160000"
MAX_POINTER = 1024
"""Git LFS pointers are smaller than this, in bytes."""
_POINTER = re.compile(
    rb"version (?:https://git-lfs\.github\.com/spec/v1|https://hawser\.github\.com/spec/v1"
    rb"|http://git-media\.io/v/2)\n"
    rb"(?P<extensions>(?:ext-\d-[^\s]+ [^\n]+\n)*)"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d{1,18})\n?"
)


@attrs.frozen
class Pointer:
    """A Git LFS pointer: the sha256 (*oid*) and the *size* of the content of a file."""

    oid: str
    size: int
    extended: bool = False

    @classmethod
    def parse(cls, data: bytes) -> Pointer | None:
        """Return *data* as a pointer, or None if it is none."""
        if len(data) >= MAX_POINTER or not data.startswith(b"version "):
            return None
        match = _POINTER.fullmatch(data)
        if match is None:
            return None
        return cls(match["oid"].decode(), int(match["size"]), bool(match["extensions"]))

    @property
    def identity(self) -> str:
        """Return the digest of the content, for cache keys."""
        return f"sha256:{self.oid}"


@attrs.frozen
class Blob:
    """A file, a link or a submodule; *object* is the git object name of its content.

    For a file in a submodule, *home* is the tree of the submodule and *inner_path* the path in
    it. *fault* is the error of a submodule whose files are not on this worker.
    """

    path: str
    object: str
    size: int
    mode: str
    inner_path: str
    home: GitTree | None = None
    pointer: Pointer | None = None
    fault: ShipError | None = None

    @property
    def is_file(self) -> bool:
        """Return true for a plain file."""
        return self.mode in _FILE_MODES

    @property
    def is_link(self) -> bool:
        """Return true for a symbolic link."""
        return self.mode == _LINK

    @property
    def is_module(self) -> bool:
        """Return true for a submodule."""
        return self.mode == _MODULE

    @property
    def executable(self) -> bool:
        """Return true for an executable file."""
        return _FILE_MODES.get(self.mode, False)


def list_commit(place: Place, commit: str, below: str = "") -> Iterator[Blob]:
    """Yield everything in a commit at or *below* a path, in git's order.

    Raises RepositoryError.
    """
    arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", commit]
    if below:
        arguments += ["--", below]
    for line in git(place, "the commit's files", *arguments).split(b"\0"):
        if line:
            yield _blob(line)


def _blob(line: bytes) -> Blob:
    head, path = line.decode("utf-8", "surrogateescape").split("\t", 1)
    mode, _, name, size = head.split()
    # The size is BAD if git lost the object: reading it raises an error.
    return Blob(path, name, int(size) if size.isdecimal() else 0, mode, path)


def parents(path: str) -> list[str]:
    """Return the parent folders of *path*, the innermost first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
