"""What a commit's history tells build backends that take the version from git."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from functools import cached_property
from pathlib import Path

import attrs

from ..errors import RepositoryError
from .git_command import Place, fault_of, git, git_command

_VERSIONS, _DIGITS = "*[0-9]*", 10
_WHOLE = (
    "fetch the whole history with its tags: git fetch --unshallow --tags; in Buildbot, remove "
    "shallow from the option git"
)
_WHOLE_MODULE = (
    "fetch its whole history with its tags: git -C {path} fetch --unshallow --tags; remove "
    "shallow from .gitmodules"
)


@attrs.frozen(slots=False)
class CommitHistory:
    """The history of *commit* in the repository at *place*: see `interface.History`.

    *module* is the path of the submodule that has the commit, if any.
    """

    place: Place
    commit: str
    committed: datetime
    top: str = "."
    module: str = ""

    @property
    def _what(self) -> str:
        of_module = f" of the submodule {self.module}" if self.module else ""
        return f"the version of commit {self.commit}{of_module}"

    @cached_property
    def description(self) -> bytes:
        """Return the ``.git_archival.txt`` of the commit, as ``git archive`` would write it.

        The format is https://setuptools-scm.readthedocs.io/en/stable/usage/#git-archives.
        Version tags are matched as setuptools-scm does, so versions are the same as in a
        checkout.  Raises RepositoryError for a shallow clone.
        """
        self._require_whole()
        options = ("--tags", "--long", "--always", "--abbrev=40", f"--match={_VERSIONS}")
        described = self._git("describe", *options, self.commit).decode().strip()
        prefix = described.removesuffix(self.commit)
        if not prefix:
            count = self._git("rev-list", "--count", self.commit)
            prefix = f"0.0-{int(count)}-g"
        lines = (
            f"node: {self.commit}",
            f"node-date: {self.committed.isoformat()}",
            f"describe-name: {prefix}{self.commit[:_DIGITS]}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    @cached_property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Return the tags of the commit and of its ancestors, with their objects' names.

        Raises RepositoryError for a shallow clone.
        """
        self._require_whole()
        options = (f"--merged={self.commit}", "--format=%(objectname) %(refname:strip=2)")
        listed = os.fsdecode(self._git("for-each-ref", *options, "refs/tags")).splitlines()
        pairs = (line.partition(" ") for line in listed)
        return tuple((tag, name) for name, _, tag in pairs)

    def write_pack(self, target: Path) -> None:
        """Write a pack of the commits, their tags and their folders.

        No contents of files are in it: git describes a commit without them.  It needs all
        folders, because ``git log --simplify-by-decoration`` compares those of two commits.
        """
        tags = (name for _, name in self.tags)
        options = ("--objects", "--filter=blob:none", "--no-object-names")
        names = self._git("rev-list", *options, self.commit, *tags)
        with target.open("wb") as pack:
            done = subprocess.run(
                git_command(self.place, "pack-objects", "--quiet", "--stdout"),
                input=names,
                stdout=pack,
                stderr=subprocess.PIPE,
                check=False,
            )
        if done.returncode:
            raise fault_of(self._what, done.stderr.decode("utf-8", "replace").strip())

    def _require_whole(self) -> None:
        if self._git("rev-parse", "--is-shallow-repository") == b"true\n":
            hint = _WHOLE_MODULE.format(path=self.module) if self.module else _WHOLE
            why = "this clone is shallow, and may lack its tag"
            raise RepositoryError(self._what, why, hint)

    def _git(self, *arguments: str) -> bytes:
        return git(self.place, self._what, *arguments)
