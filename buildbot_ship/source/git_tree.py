"""The tree of a commit, read from git without the working directory.

The modules for submodules and Git LFS are imported late, because few commits have them.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..errors import FileMissing, LimitExceeded, RepositoryError, SubmoduleMissing
from .git_command import LARGE, Blobs, GitDir, Place, git, open_blob
from .interface import ABSENT, NO_LINK, TreeEntry, TreeFile
from .tree_listing import MAX_POINTER, Blob, Pointer, list_commit, parents

if TYPE_CHECKING:
    from .commit_history import CommitHistory
    from .lfs import LfsStore

MAX_TREE = 1024**3
"""Limit of the files of one folder together, in bytes."""
_COMMITTED = re.compile(rb"^committer .*> (\d+)", re.M)
"""The time in a commit object, before its message."""
_OLD = "its clone on this worker does not have this commit"


@attrs.define(slots=False, eq=False)
class GitTree:
    """The files of one *commit* of the repository at *checkout*, with those of submodules.

    For the tree of a submodule, *module* is its path from the top, and *git_dir* is the git
    directory with its objects.  Its checkout may not exist.
    """

    checkout: Path
    commit: str
    module: str = ""
    git_dir: GitDir | None = None
    _one_path_listed: bool = attrs.field(default=False, init=False)

    @classmethod
    def resolve(cls, checkout: Path, revision: str) -> GitTree:
        """Return the tree at *revision*.  Raises RepositoryError."""
        wanted = f"{revision}^{{commit}}"
        try:
            contents = Blobs(checkout)
            commit, text = contents.look_up(wanted, revision)
        except (RepositoryError, FileNotFoundError):
            # Another command, for its error message.
            options = ("--verify", "--quiet", "--end-of-options")
            output = git(checkout, f"revision {revision!r}", "rev-parse", *options, wanted)
            return cls(checkout, output.decode("ascii").strip())
        tree = cls(checkout, commit)
        tree._contents, tree._text = contents, text
        return tree

    @cached_property
    def committed(self) -> datetime:
        """Return the time of the commit in UTC, in whole seconds."""
        match = _COMMITTED.search(self._text)
        if match is None:
            raise RepositoryError(f"commit {self.commit}", "it has no committer time")
        return datetime.fromtimestamp(int(match[1]), UTC)

    def history(self, folder: str) -> CommitHistory:
        """Return the history of *folder* in its repository.  Raises SubmoduleMissing."""
        from .commit_history import CommitHistory

        folder = os.path.normpath(folder)
        for path in (folder, *parents(folder)):
            module = self._modules.get(path)
            if isinstance(module, SubmoduleMissing):
                raise module
            if module is not None:
                inner = module.history(os.path.relpath(folder, path))
                return attrs.evolve(inner, top=os.path.normpath(f"{path}/{inner.top}"))
        return CommitHistory(self._place, self.commit, self.committed, module=self.module)

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
    def _own_entries(self) -> list[Blob]:
        return list(list_commit(self._place, self.commit))

    @cached_property
    def _all_entries(self) -> dict[str, Blob]:
        """Return all files and links by path, sorted, and submodules that are not here."""
        found = self._with_pointers(self._own_entries)
        modules = [blob for blob in found if blob.is_module]
        if modules:
            found = [blob for blob in found if not blob.is_module]
            found += [inner for blob in modules for inner in self._submodule_entries(blob)]
            found.sort(key=lambda blob: os.fsencode(blob.path))
        return {blob.path: blob for blob in found}

    @cached_property
    def _modules(self) -> dict[str, GitTree | SubmoduleMissing]:
        """Return the trees of submodules by path, or the error of one that is not here."""
        return {blob.path: self._module(blob) for blob in self._own_entries if blob.is_module}

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``), or None.

        Raises FileMissing for a path through a link, SubmoduleMissing, LfsMissing.
        """
        blob = self._find(path)
        if blob is None:
            self._raise_if_unreachable(path)
            return None
        return self._file(blob) if blob.is_file else None

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield all plain files below *folder* (``.``: all), with paths relative to it, sorted.

        Raises RepositoryError if there is no such folder, LimitExceeded if the files are more
        than 1 GiB together, SubmoduleMissing, LfsMissing.
        """
        top = "" if folder == "." else f"{folder.rstrip('/')}/"
        blobs = [blob for blob in self._all_entries.values() if blob.path.startswith(top)]
        for blob in blobs:
            if blob.fault is not None:
                raise blob.fault
        blobs = [blob for blob in blobs if blob.is_file]
        if not blobs:
            self._raise_if_unreachable(top)
            why = f"commit {self.commit} has no files in it"
            raise RepositoryError(f"folder {folder}", why)
        if sum(blob.size for blob in blobs) > MAX_TREE:
            raise LimitExceeded(f"folder {folder} at the commit", f"{MAX_TREE} bytes")
        for blob in blobs:
            yield blob.path[len(top) :], self._file(blob)

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        """Yield all plain files and links by path, sorted."""
        for blob in self._all_entries.values():
            target = os.fsdecode(self._content(blob)) if blob.is_link else ""
            identity = blob.pointer.identity if blob.pointer else blob.object
            entry = TreeEntry(blob.size, blob.executable, target, identity, blob.fault)
            yield blob.path, entry

    def _find(self, path: str) -> Blob | None:
        # The first call lists one path only, because many verbs read just one file.
        if not self._one_path_listed and "_all_entries" not in self.__dict__:
            self._one_path_listed = True
            entries = list_commit(self._place, self.commit, path)
            found = next((blob for blob in entries if blob.path == path), None)
            if found is not None and not found.is_module:
                return found
            if found is None and "/" not in path:
                return None
        return self._all_entries.get(path)

    def _raise_if_unreachable(self, path: str) -> None:
        """Raise an error if *path* leads through a link or a missing submodule."""
        for parent in parents(path):
            over = self._all_entries.get(parent)
            if over is not None and over.fault is not None:
                raise over.fault
            if over is not None and over.is_link:
                target = os.fsdecode(self._content(over))
                where = f"commit {self.commit[:12]}, where {parent} is a link to {target}"
                raise FileMissing(path, where, NO_LINK)

    def _with_pointers(self, blobs: list[Blob]) -> list[Blob]:
        """Return *blobs*; Git LFS files get their pointers and real sizes."""
        rules = (b for b in blobs if b.is_file and b.path.split("/")[-1] == ".gitattributes")
        if not any(b"lfs" in self._content(blob) for blob in rules):
            return blobs
        from .lfs import find_lfs_paths

        small = [blob.path for blob in blobs if blob.is_file and blob.size < MAX_POINTER]
        kept = find_lfs_paths(self._place, self.commit, small)
        return [self._with_pointer(blob) if blob.path in kept else blob for blob in blobs]

    def _with_pointer(self, blob: Blob) -> Blob:
        pointer = Pointer.parse(self._content(blob))
        if pointer is None:
            return blob
        return attrs.evolve(blob, pointer=pointer, size=pointer.size)

    def _module(self, blob: Blob) -> GitTree | SubmoduleMissing:
        """Return the tree of a submodule, or an error if its commit is not on this worker."""
        from .submodule import repositories

        checkout, module, why = self.checkout / blob.path, self._full_path(blob.path), ABSENT
        for place in repositories(self._place, self.checkout, self.commit, blob.path):
            tree = GitTree(checkout, blob.object, module, place)
            with suppress(RepositoryError):
                _ = tree._own_entries
                return tree
            why = _OLD
        return SubmoduleMissing(module, blob.object, why)

    def _submodule_entries(self, blob: Blob) -> Iterable[Blob]:
        """Yield the files of a submodule, with paths from here, or one entry with its error."""
        tree = self._modules[blob.path]
        if isinstance(tree, SubmoduleMissing):
            yield attrs.evolve(blob, fault=tree)
            return
        for inner in tree._all_entries.values():
            path = f"{blob.path}/{inner.path}"
            yield attrs.evolve(inner, path=path, home=inner.home or tree)

    def _full_path(self, path: str) -> str:
        return f"{self.module}/{path}" if self.module else path

    def _file(self, blob: Blob) -> TreeFile:
        """Return a plain file; for Git LFS, the path of its content."""
        home, path = blob.home or self, self._full_path(blob.path)
        if blob.pointer is None and blob.size >= LARGE:
            return TreeFile(partial(open_blob, home._place, blob.object, path), blob.executable)
        if blob.pointer is None and "_all_entries" not in self.__dict__:
            data = self._content(blob)
            if Pointer.parse(data) is None:
                return TreeFile(data, blob.executable)
            blob = self._all_entries[blob.path]
        if blob.pointer is None:
            return TreeFile(self._content(blob), blob.executable)
        content = home._store.find(blob.pointer, blob.inner_path, path)
        return TreeFile(content, blob.executable)

    def _content(self, blob: Blob) -> bytes:
        return (blob.home or self)._contents.read(blob.object, self._full_path(blob.path))
