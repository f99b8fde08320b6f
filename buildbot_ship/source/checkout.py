"""The working directory: files that are read and written before they are committed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..errors import FileMissing, RepositoryError, SubmoduleMissing
from .git_command import git
from .interface import ABSENT, NO_LINK, TreeFile
from .lfs import LfsStore, is_lfs_path
from .submodule import own_git_dir
from .tree_listing import Pointer, parents


@attrs.frozen
class Checkout:
    """The checkout at *root*.  To read single files, it need not be a git repository."""

    root: Path

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path*, or None.  A symbolic link is not a plain file.

        The bytes are those that git would commit.  For a Git LFS file, they are its content.
        Raises FileMissing for a path through a link, SubmoduleMissing, LfsMissing.
        """
        file = self._plain(path)
        if file is None:
            self._raise_if_unreachable(os.path.dirname(path), path)
            return None
        data = file.data
        if b"\r\n" in data and self._converts(path):
            return attrs.evolve(file, content=data.replace(b"\r\n", b"\n"))
        return file

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield the plain files below *folder*, with their paths relative to it.

        They are the files that git tracks or would track, including those of submodules.
        Raises RepositoryError if this is not a git checkout, SubmoduleMissing, LfsMissing.
        """
        self._raise_if_unreachable(folder, folder)
        for name in sorted(self._names(folder)):
            file = self._plain(name)
            if file is not None:
                yield os.path.relpath(name, folder), file

    def matching(self, pattern: str) -> list[str]:
        """Return the names of the plain files at the top that match *pattern*, sorted."""
        return sorted(p.name for p in self.root.glob(pattern) if self.read(p.name) is not None)

    def make_folder(self, path: str) -> None:
        """Make the folder at *path* if it does not exist.

        Raises FileMissing if a link leads out of the checkout, or a file is in the way.
        """
        if not self._inside(self.root / path):
            raise FileMissing(path, "the checkout", NO_LINK)
        try:
            (self.root / path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            where = f"the checkout, and cannot be made ({error.strerror})"
            raise FileMissing(f"the folder {path}", where, "choose another folder") from None

    def write(self, texts: dict[str, str]) -> None:
        """Write files by path, each in one rename.

        Raises FileMissing if a folder does not exist.
        """
        for path in texts:
            folder = (self.root / path).parent
            if not folder.is_dir() or not self._inside(self.root / path):
                raise FileMissing(os.path.dirname(path) or ".", "the checkout")
        for path, text in texts.items():
            new = self.root / f"{path}.new"
            new.write_bytes(text.encode())
            os.replace(new, self.root / path)

    def _plain(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* unconverted; for Git LFS, the file of its content."""
        file = self.root / path
        if not self._inside(file) or not file.is_file():
            return None
        data, executable = file.read_bytes(), os.access(file, os.X_OK)
        pointer = Pointer.parse(data)
        if pointer is not None:
            module = self._module(path)
            inner = os.path.relpath(path, module)
            if is_lfs_path(self.root / module, inner):
                store = LfsStore(self.root / module, self.root / module)
                return TreeFile(store.find(pointer, inner, path), executable)
        return TreeFile(data, executable)

    def _names(self, folder: str) -> Iterator[str]:
        """Yield the paths below *folder* that git tracks or would track, with submodules."""
        module = self._module(folder)
        options = ["-z", "--cached", "--others", "--exclude-standard"]
        inner = os.path.relpath(folder, module)
        listing = git(self.root / module, f"folder {folder}", "ls-files", *options, "--", inner)
        for name in set(os.fsdecode(listing).split("\0")) - {""}:
            path = os.path.normpath(os.path.join(module, name))
            here = self.root / path
            if name.endswith("/") or here.is_symlink() or not here.is_dir():
                yield path
                continue
            self._raise_if_unreachable(path, path)
            yield from self._names(path)

    def _module(self, path: str) -> str:
        """Return the folder of the innermost submodule that contains *path*, or ``.``."""
        folder, module = "", "."
        for part in os.path.normpath(path).split("/"):
            folder = os.path.join(folder, part)
            if folder != "." and own_git_dir(self.root, folder) is not None:
                module = folder
        return module

    def _raise_if_unreachable(self, folder: str, wanted: str) -> None:
        """Raise an error if *folder* leads through a link or a missing submodule.

        *wanted* is the path for the error.
        """
        for path in parents(f"{os.path.normpath(folder)}/"):
            if (self.root / path).is_symlink():
                target = os.readlink(self.root / path)
                where = f"the checkout, where {path} is a link to {target}"
                raise FileMissing(wanted, where, NO_LINK)
        self._raise_if_submodule_missing(folder)

    def _raise_if_submodule_missing(self, folder: str) -> None:
        """Raise SubmoduleMissing if *folder* is in a submodule that is not checked out."""
        path = os.path.normpath(folder)
        while path not in (".", "", "/", "..") and not (self.root / path).exists():
            path = os.path.dirname(path)
        here = self.root / path
        if path in (".", "") or not here.is_dir() or any(here.iterdir()):
            return
        module = self._module(path)
        inner = os.path.relpath(path, module)
        try:
            entry = git(
                self.root / module, f"folder {path}", "ls-files", "-s", "-z", "--", inner
            )
        except RepositoryError:
            return
        mode, _, rest = entry.decode("ascii", "replace").partition(" ")
        if mode == "160000":
            raise SubmoduleMissing(path, rest.split(" ")[0], ABSENT)

    def _converts(self, path: str) -> bool:
        """Return true if git would convert ``\\r\\n`` in a file to ``\\n`` on commit."""
        module = self._module(path)
        inner = os.path.relpath(path, module)
        options = ["--eol", "-z", "--cached", "--others", "--", inner]
        try:
            listing = git(self.root / module, path, "ls-files", *options)
        except RepositoryError:
            return False
        index, _, attributes = os.fsdecode(listing).partition("\t")[0].partition("attr/")
        kind = attributes.partition(" ")[0]
        if kind in ("text", "-text"):
            return kind == "text"
        return index.startswith("i/lf") or (index.startswith("i/ ") and kind == "text=auto")

    def _inside(self, file: Path) -> bool:
        real = Path(os.path.realpath(file))
        return real == Path(os.path.realpath(self.root)) / file.relative_to(self.root)
