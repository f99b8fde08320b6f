"""The files of a layer, before they are packed."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from compiler import Bytecode, cache_of
from layer import Member, file_mode


class LayerTree:
    """The files of a layer by path, each with its owner: the wheel that it is from.

    Of two files with one path, the last counts.
    """

    def __init__(self) -> None:
        """Begin without files."""
        self._files: dict[str, Member] = {}
        self.owners: dict[str, str] = {}

    def put(
        self,
        path: str,
        size: int,
        opener: Callable[[], IO[bytes]],
        *,
        owner: str = "",
        executable: bool = False,
    ) -> None:
        """Put a file, instead of one that is there; *path* has no leading ``/``."""
        self._files[path] = Member(path, file_mode(executable), size, opener)
        self.owners[path] = owner

    def put_file(self, path: str, file: Path, owner: str) -> None:
        """Put a file of the disk."""
        stat = file.stat()
        executable = bool(stat.st_mode & 0o111)
        self.put(path, stat.st_size, file_opener(file), owner=owner, executable=executable)

    def put_bytecode(self, path: str, bytecode: Bytecode, owner: str) -> None:
        """Put the bytecode of the module at *path*, unless it now has another owner.

        *path* may have a leading ``/``.
        """
        path = path.lstrip("/")
        if self.owners.get(path) == owner:
            self.put(cache_of(path), bytecode.size, bytecode.open, owner=owner)

    def members(self) -> Iterator[Member]:
        """Yield all files, and the folders above them.

        Raises ValueError if a path is a file in one wheel and a folder in another.
        """
        folders: set[str] = set()
        for path in self._files:
            parent = posixpath.dirname(path)
            while parent and parent not in folders:
                folders.add(parent)
                parent = posixpath.dirname(parent)
        for folder in folders:
            if folder in self._files:
                raise ValueError(f"{folder} is a file of {self.owners[folder]} and a folder")
            yield Member(folder, 0o755)
        yield from self._files.values()


def file_opener(file: Path) -> Callable[[], IO[bytes]]:
    """Return a function that opens *file*."""

    def opened() -> IO[bytes]:
        return file.open("rb")

    return opened
