"""The tree at a commit, as git has it: the working directory plays no part."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

import attrs

from ..errors import LimitExceeded, RepositoryError
from .command import Blobs, git
from .interface import TreeEntry, TreeFile

MAX_TREE = 1024**3
"""Bytes that the files of one exported folder may have together."""
_VERSIONS, _DIGITS = "*[0-9]*", 10
_WHOLE = (
    "fetch all of the history and its tags: git fetch --unshallow --tags, and in Buildbot no "
    "shallow in the option git"
)
_FILE_MODES = {"100644": False, "100755": True}
_LINK = "120000"
_COMMITTED = re.compile(rb"^committer .*> (\d+)", re.M)
"""Where a commit object says when; the message comes after it."""


@attrs.frozen
class _Blob:
    path: str
    object: str
    size: int
    executable: bool
    is_link: bool = False


@attrs.define(slots=False)
class GitTree:
    """The files of one commit of the repository whose checkout is *checkout*."""

    checkout: Path
    commit: str
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

    @cached_property
    def archival(self) -> bytes:
        """Return the ``.git_archival.txt`` of the commit, as ``git archive`` would fill it in.

        See https://setuptools-scm.readthedocs.io/en/stable/usage/#git-archives.  Which tags are
        those of versions, and what stands for none, is setuptools-scm's word, so that its
        versions are those of a checkout.  Raises RepositoryError.
        """
        what = f"the version of commit {self.commit}"
        if git(self.checkout, what, "rev-parse", "--is-shallow-repository") == b"true\n":
            raise RepositoryError(what, "this clone is shallow, and may lack its tag", _WHOLE)
        options = ("--tags", "--long", "--always", "--abbrev=40", f"--match={_VERSIONS}")
        said = git(self.checkout, what, "describe", *options, self.commit).decode().strip()
        after = said.removesuffix(self.commit)
        if not after:
            count = git(self.checkout, what, "rev-list", "--count", self.commit)
            after = f"0.0-{int(count)}-g"
        lines = (
            f"node: {self.commit}",
            f"node-date: {self.committed.isoformat()}",
            f"describe-name: {after}{self.commit[:_DIGITS]}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    @cached_property
    def _text(self) -> bytes:
        return self._contents.read(self.commit, f"commit {self.commit}")

    @cached_property
    def _contents(self) -> Blobs:
        return Blobs(self.checkout)

    @cached_property
    def _every(self) -> dict[str, _Blob]:
        """Return every file and link by its path, in order."""
        return {blob.path: blob for blob in self._listed("")}

    def read(self, path: str) -> TreeFile | None:
        """Return the plain file at *path* (from the top, with ``/``), or None."""
        blob = self._find(path)
        if blob is None or blob.is_link:
            return None
        return TreeFile(self._content(blob), blob.executable)

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        """Yield every plain file below *folder* (``.``: all), its path from there, in order.

        Raises RepositoryError when there is no such folder, LimitExceeded when the files
        are more than 1 GiB together.
        """
        blobs = self._blobs("" if folder == "." else f"{folder.rstrip('/')}/")
        if not blobs:
            raise RepositoryError(
                f"folder {folder}", f"commit {self.commit} has no files in it"
            )
        if sum(blob.size for blob in blobs) > MAX_TREE:
            raise LimitExceeded(f"folder {folder} at the commit", f"{MAX_TREE} bytes")
        start = 0 if folder == "." else len(folder.rstrip("/")) + 1
        for blob in blobs:
            yield blob.path[start:], TreeFile(self._content(blob), blob.executable)

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        """Yield every plain file and every link by its path, in order."""
        for blob in self._every.values():
            target = os.fsdecode(self._content(blob)) if blob.is_link else ""
            yield blob.path, TreeEntry(blob.size, blob.executable, target, blob.object)

    def _find(self, path: str) -> _Blob | None:
        # Whoever asks for one file shall not wait for the list of all; who asks again may.
        if self._asked or "_every" in self.__dict__:
            return self._every.get(path)
        self._asked = True
        return next((blob for blob in self._listed(path) if blob.path == path), None)

    def _blobs(self, below: str) -> list[_Blob]:
        return [blob for blob in self._listed(below) if not blob.is_link]

    def _listed(self, below: str) -> list[_Blob]:
        arguments = ["ls-tree", "-r", "-z", "-l", "--full-tree", self.commit]
        if below:
            arguments += ["--", below]
        listing = git(self.checkout, "the commit's files", *arguments)
        return [blob for line in listing.split(b"\0") if line for blob in _blob(line)]

    def _content(self, blob: _Blob) -> bytes:
        return self._contents.read(blob.object, blob.path)


def _blob(line: bytes) -> Iterator[_Blob]:
    head, path = line.decode("utf-8", "surrogateescape").split("\t", 1)
    mode, _, name, size = head.split()
    if mode in _FILE_MODES or mode == _LINK:
        # BAD where git lost the object: reading it says so.
        count = int(size) if size.isdecimal() else 0
        yield _Blob(path, name, count, _FILE_MODES.get(mode, False), mode == _LINK)
