"""Commit changed files of a checkout without moving a branch or touching the index."""

from __future__ import annotations

import fnmatch
import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import attrs

from ..errors import RepositoryError
from .git_command import git


@attrs.frozen
class Draft:
    """The changed files of the checkout at *root*: *blobs* are git object names by path."""

    root: Path
    head: str
    tree: str
    blobs: dict[str, str]

    @classmethod
    def of(cls, root: Path, patterns: Sequence[str]) -> Draft:
        """Return the files that match *patterns* and differ from HEAD; stage nothing.

        In a pattern, ``*`` does not match ``/``.  Raises RepositoryError.
        """
        head = _git(root, "rev-parse", "--verify", "HEAD^{commit}")
        status = _git(root, "status", "--porcelain", "-z", "--no-renames", "-uall")
        paths = [entry[3:] for entry in status.split("\0") if entry[3:]]
        wanted = [path for path in paths if _matches(path, patterns)]
        with tempfile.TemporaryDirectory(prefix="buildbot-ship-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            _git(root, "read-tree", head, environment=index)
            if wanted:
                _git(root, "add", "--force", "--all", "--", *wanted, environment=index)
            tree = _git(root, "write-tree", environment=index)
        return cls(root, head, tree, _blobs(root, tree, wanted))

    def commit(self, message: str, author: str, moment: datetime) -> str:
        """Create the commit on top of HEAD; return its hash.  No branch moves."""
        name, _, mail = author.removesuffix(">").partition(" <")
        when = f"{int(moment.timestamp())} +0000"
        who = {"NAME": name, "EMAIL": mail, "DATE": when}
        environment = {
            f"GIT_{role}_{k}": v for k, v in who.items() for role in ("AUTHOR", "COMMITTER")
        }
        arguments = ["commit-tree", "--no-gpg-sign", "-p", self.head, "-F", "-", self.tree]
        return _git(self.root, *arguments, environment=environment, stdin=message.encode())

    def is_in(self, commit: str) -> bool:
        """Return true if *commit*, which is in the repository, has the same files."""
        return _blobs(self.root, commit, self.blobs) == self.blobs

    def is_merged(self, commit: str) -> bool:
        """Return true if *commit* is in the repository and an ancestor of HEAD."""
        try:
            _git(self.root, "merge-base", "--is-ancestor", commit, self.head)
        except RepositoryError:
            return False
        return True


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(
        path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
        for pattern in patterns
    )


def _blobs(root: Path, tree: str, paths: Iterable[str]) -> dict[str, str]:
    """Return the git object name of each path in *tree*; empty if it is not there."""
    wanted = list(paths)
    if not wanted:
        return {}
    listing = _git(root, "ls-tree", "-z", "--full-tree", tree, "--", *wanted)
    objects = {}
    for line in filter(None, listing.split("\0")):
        facts, _, path = line.partition("\t")
        objects[path] = facts.split(" ")[2]
    return {path: objects.get(path, "") for path in wanted}


def _git(
    root: Path, *arguments: str, environment: dict[str, str] | None = None, stdin: bytes = b""
) -> str:
    what = f"git {arguments[0]}"
    output = git(root, what, *arguments, environment=environment, stdin=stdin)
    return os.fsdecode(output).strip("\n")
