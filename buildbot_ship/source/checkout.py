"""The working directory: what `HardenRequirements` reads and writes, before a commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..errors import FileMissing
from .command import git
from .interface import TreeFile


@attrs.frozen
class Checkout:
    """The checkout at *root*; it need not be a git repository to read single files."""

    root: Path

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path*, or None.  A link is no plain file."""
        file = self.root / path
        if not self._inside(file) or not file.is_file():
            return None
        return TreeFile(file.read_bytes(), os.access(file, os.X_OK))

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield the plain files below *folder* that git tracks or would, from there on.

        Raises RepositoryError where there is no git checkout.
        """
        options = ["-z", "--cached", "--others", "--exclude-standard"]
        listing = git(self.root, f"folder {folder}", "ls-files", *options, "--", folder)
        for name in sorted(set(os.fsdecode(listing).split("\0")) - {""}):
            file = self.read(name)
            if file is not None:
                yield os.path.relpath(name, folder), file

    def matching(self, pattern: str) -> list[str]:
        """Return the names of the plain files at the top that match *pattern*, in order."""
        return sorted(p.name for p in self.root.glob(pattern) if self.read(p.name) is not None)

    def write(self, texts: dict[str, str]) -> None:
        """Write whole files by path; each is replaced in one rename.  Raises FileMissing."""
        for path in texts:
            folder = (self.root / path).parent
            if not folder.is_dir() or not self._inside(self.root / path):
                raise FileMissing(os.path.dirname(path) or ".", "the checkout")
        for path, text in texts.items():
            new = self.root / f"{path}.new"
            new.write_bytes(text.encode())
            os.replace(new, self.root / path)

    def _inside(self, file: Path) -> bool:
        real = Path(os.path.realpath(file))
        return real == Path(os.path.realpath(self.root)) / file.relative_to(self.root)
