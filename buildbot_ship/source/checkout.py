"""The working directory: what `HardenRequirements` reads and writes, before a commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..errors import FileMissing, RepositoryError
from .blobs import git_command
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
        """Yield the plain files below *folder* that git tracks or would, from there on."""
        options = ["-z", "--cached", "--others", "--exclude-standard"]
        command = git_command(self.root, "ls-files", *options, "--", folder)
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise RepositoryError(f"folder {folder}", "this is no git checkout")
        for name in sorted(set(os.fsdecode(done.stdout).split("\0")) - {""}):
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
