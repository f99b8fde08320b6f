"""The tree at a commit, as git has it: the working directory plays no part.

What few commits have, submodules and Git LFS, is imported by who meets it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..errors import FileMissing, LimitExceeded, RepositoryError, SubmoduleMissing
from .git_command import Blobs, GitDir, Place, git
from .interface import ABSENT, NO_LINK, TreeEntry, TreeFile
from .tree_listing import MAX_POINTER, Blob, Pointer, listed, parents

if TYPE_CHECKING:
    from .lfs import LfsStore

MAX_TREE = 1024**3
"""Bytes that the files of one exported folder may have together."""
_COMMITTED = re.compile(rb"^committer .*> (\d+)", re.M)
"""Where a commit object says when; the message comes after it."""
_OLD = "its clone here does not have this commit"


@attrs.define(slots=False, eq=False)
class GitTree:
    """The files of one commit of the repository whose checkout is *checkout*.

    Files of submodules are among them, at the commits that this one names.  That of a submodule
    has the path of its folder, from the top, in *module*, and where git has its objects in
    *git_dir*; its checkout need not be there.
    """

    checkout: Path
    commit: str
    module: str = ""
    git_dir: GitDir | None = None
    _asked: bool = attrs.field(default=False, init=False)

    @classmethod
    def resolve(cls, checkout: Path, revision: str) -> GitTree:
        """Return the tree at *revision*.  Raises RepositoryError."""
        wanted = f"{revision}^{{commit}}"
        try:
            contents = Blobs(checkout)
            commit, text = contents.look_up(wanted, revision)
        except (RepositoryError, FileNotFoundError):
            # It has no words for what is wrong.
            options = ("--verify", "--quiet", "--end-of-options")
            found = git(checkout, f"revision {revision!r}", "rev-parse", *options, wanted)
            return cls(checkout, found.decode("ascii").strip())
        tree = cls(checkout, commit)
        tree._contents, tree._text = contents, text
        return tree

    @cached_property
    def committed(self) -> datetime:
        """Return when the commit was made: an aware time in UTC, whole seconds."""
        said = _COMMITTED.search(self._text)
        if said is None:
            raise RepositoryError(f"commit {self.commit}", "it does not say when it was made")
        return datetime.fromtimestamp(int(said[1]), timezone.utc)

    def archival(self, folder: str) -> bytes:
        """Return the ``.git_archival.txt`` of the commit that *folder* is of.

        Raises RepositoryError.
        """
        from .archival import archival

        folder = os.path.normpath(folder)
        for path in (folder, *parents(folder)):
            module = self._modules.get(path)
            if isinstance(module, SubmoduleMissing):
                raise module
            if module is not None:
                return module.archival(os.path.relpath(folder, path))
        return archival(self._place, self.commit, self.committed, self.module)

    @property
    def _place(self) -> Place:
        return self.git_dir or self.checkout

    @cached_property
    def _text(self) -> bytes:
        return self._contents.read(self.commit, f"commit {self.commit}")

    @cached_property
    def _contents(self) -> Blobs:
        return Blobs(self._place)

    @cached_property
    def _store(self) -> LfsStore:
        from .lfs import LfsStore

        return LfsStore(self._place, self.checkout)

    @cached_property
    def _own(self) -> list[Blob]:
        return list(listed(self._place, self.commit))

    @cached_property
    def _every(self) -> dict[str, Blob]:
        """Return every file and link by its path, in order, and submodules not here."""
        found = self._with_pointers(self._own)
        modules = [blob for blob in found if blob.is_module]
        if modules:
            found = [blob for blob in found if not blob.is_module]
            found += [inner for blob in modules for inner in self._inside(blob)]
            found.sort(key=lambda blob: os.fsencode(blob.path))
        return {blob.path: blob for blob in found}

    @cached_property
    def _modules(self) -> dict[str, GitTree | SubmoduleMissing]:
        """Return the trees of the submodules by path; an error for those that are not here."""
        return {blob.path: self._module(blob) for blob in self._own if blob.is_module}

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``), or None.

        Raises FileMissing for a path through a link, SubmoduleMissing, LfsMissing.
        """
        blob = self._find(path)
        if blob is None:
            self._refuse(path)
            return None
        return self._file(blob) if blob.is_file else None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield every plain file below *folder* (``.``: all), its path from there, in order.

        Raises RepositoryError when there is no such folder, LimitExceeded when the files
        are more than 1 GiB together, SubmoduleMissing, LfsMissing.
        """
        top = "" if folder == "." else f"{folder.rstrip('/')}/"
        blobs = [blob for blob in self._every.values() if blob.path.startswith(top)]
        for blob in blobs:
            if blob.fault is not None:
                raise blob.fault
        blobs = [blob for blob in blobs if blob.is_file]
        if not blobs:
            self._refuse(top)
            why = f"commit {self.commit} has no files in it"
            raise RepositoryError(f"folder {folder}", why)
        if sum(blob.size for blob in blobs) > MAX_TREE:
            raise LimitExceeded(f"folder {folder} at the commit", f"{MAX_TREE} bytes")
        for blob in blobs:
            yield blob.path[len(top) :], self._file(blob)

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        """Yield every plain file and every link by its path, in order."""
        for blob in self._every.values():
            target = os.fsdecode(self._content(blob)) if blob.is_link else ""
            identity = blob.pointer.identity if blob.pointer else blob.object
            entry = TreeEntry(blob.size, blob.executable, target, identity, blob.fault)
            yield blob.path, entry

    def _find(self, path: str) -> Blob | None:
        # Whoever asks for one file shall not wait for the list of all; who asks again may.
        if not self._asked and "_every" not in self.__dict__:
            self._asked = True
            there = listed(self._place, self.commit, path)
            found = next((blob for blob in there if blob.path == path), None)
            if found is not None and not found.is_module:
                return found
            if found is None and "/" not in path:
                return None
        return self._every.get(path)

    def _refuse(self, path: str) -> None:
        """Raise what says why *path*, which is not there, cannot be: a link, a submodule."""
        for parent in parents(path):
            over = self._every.get(parent)
            if over is not None and over.fault is not None:
                raise over.fault
            if over is not None and over.is_link:
                target = os.fsdecode(self._content(over))
                where = f"commit {self.commit[:12]}, where {parent} is a link to {target}"
                raise FileMissing(path, where, NO_LINK)

    def _with_pointers(self, blobs: list[Blob]) -> list[Blob]:
        """Return *blobs*, those that Git LFS keeps with their pointers and real sizes."""
        rules = (b for b in blobs if b.is_file and b.path.split("/")[-1] == ".gitattributes")
        if not any(b"lfs" in self._content(blob) for blob in rules):
            return blobs
        from .lfs import filtered

        small = [blob.path for blob in blobs if blob.is_file and blob.size < MAX_POINTER]
        kept = filtered(self._place, self.commit, small)
        return [self._pointing(blob) if blob.path in kept else blob for blob in blobs]

    def _pointing(self, blob: Blob) -> Blob:
        pointer = Pointer.parse(self._content(blob))
        if pointer is None:
            return blob
        return attrs.evolve(blob, pointer=pointer, size=pointer.size)

    def _module(self, blob: Blob) -> GitTree | SubmoduleMissing:
        """Return the tree of a submodule; an error where its commit is not here."""
        from .submodule import repositories

        checkout, module, why = self.checkout / blob.path, self._shown(blob.path), ABSENT
        for place in repositories(self._place, self.checkout, self.commit, blob.path):
            tree = GitTree(checkout, blob.object, module, place)
            with suppress(RepositoryError):
                _ = tree._own
                return tree
            why = _OLD
        return SubmoduleMissing(module, blob.object, why)

    def _inside(self, blob: Blob) -> Iterable[Blob]:
        """Yield the files of a submodule, by their paths from here; or why there are none."""
        tree = self._modules[blob.path]
        if isinstance(tree, SubmoduleMissing):
            yield attrs.evolve(blob, fault=tree)
            return
        for inner in tree._every.values():
            path = f"{blob.path}/{inner.path}"
            yield attrs.evolve(inner, path=path, home=inner.home or tree)

    def _shown(self, path: str) -> str:
        return f"{self.module}/{path}" if self.module else path

    def _file(self, blob: Blob) -> TreeFile:
        """Return a plain file, that of Git LFS by where its content lies."""
        if blob.pointer is None and "_every" not in self.__dict__:
            data = self._content(blob)
            if Pointer.parse(data) is None:
                return TreeFile(data, blob.executable)
            blob = self._every[blob.path]
        if blob.pointer is None:
            return TreeFile(self._content(blob), blob.executable)
        home = blob.home or self
        content = home._store.find(blob.pointer, blob.own, self._shown(blob.path))
        return TreeFile(content, blob.executable)

    def _content(self, blob: Blob) -> bytes:
        home = blob.home or self
        return home._contents.read(blob.object, self._shown(blob.path))
