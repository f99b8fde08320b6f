"""Check the sealed secrets of a commit, and search the commit for plain secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from ...errors import InvalidFile, Problem
from ...model.request import CheckSecretsRequest
from ...model.result import SUCCESS, Result, counted
from ...model.secrets.plain_secrets import ALLOW, MAX_BYTES, find_plain_secrets, is_text
from ...model.secrets.sealed_file import SUFFIX, SealedSecret
from ...source.interface import Tree, read_bytes
from .folder import SecretsFolder

ALLOWED = "allowed.txt"
"""The file with the paths of files that are not searched for plain secrets."""
_REPLACE = (
    "remove each plain secret; replace its value in the system that accepts it, because the "
    f"history keeps it; seal the new value; mark a false alarm with {ALLOW.decode()}"
)
_CORRECT = "correct these files as each line says, and commit"
Verify = Callable[[SealedSecret, str], str | None]
"""Returns the fault of a secret of a repository that only a private key shows."""


def check(request: CheckSecretsRequest, *, tree: Tree, verify: Verify | None = None) -> Result:
    """Check the secrets of a commit: all boxes are intact, and no plain secret is in a file.

    With *verify*, each secret is also opened.  Raises InvalidFile with all problems.
    """
    folder = _read_folder(tree, request.folder)
    sealed = [*_links(tree, request.folder), *folder.faults(verify)]
    search = _Search.run(tree, folder)
    if problems := (*sealed, *search.problems):
        raise InvalidFile(problems, _REPLACE if search.problems else _CORRECT)
    intact = "opened" if verify else "intact"
    secrets = f"{counted(len(folder.secret_names), 'sealed secret')} {intact}"
    searched = f"no plain secret in {counted(search.searched, 'file')}"
    skipped = f" ({search.skipped} binary or too large)" * bool(search.skipped)
    return Result("check-secrets", SUCCESS, f"{secrets}, {searched}{skipped}")


def _read_folder(tree: Tree, path: str) -> SecretsFolder:
    files = {}
    for name, _ in tree.entries():
        parent, _, base = name.rpartition("/")
        if parent == path and (data := read_bytes(tree, name)) is not None:
            files[base] = data
    return SecretsFolder(path, files)


def _links(tree: Tree, folder: str) -> Iterator[Problem]:
    """Yield a problem for each symbolic link in the folder: it has no boxes to check."""
    for path, entry in tree.entries():
        if entry.target and path.rpartition("/")[0] == folder:
            yield Problem(path, 1, f"it is a link to {entry.target}: commit the file itself")


@attrs.define
class _Search:
    """The search of a commit for plain secrets: its findings, and how many files it read."""

    problems: list[Problem] = attrs.field(factory=list)
    searched: int = 0
    skipped: int = 0

    @classmethod
    def run(cls, tree: Tree, folder: SecretsFolder) -> _Search:
        """Search the files of *tree*: not those of Git LFS, and no sealed secrets."""
        search, allowed = cls(), _allowed_paths(folder)
        sealed = {folder.full_path(name + SUFFIX) for name in folder.secret_names}
        for path, entry in tree.entries():
            if path in allowed or path in sealed or entry.target or entry.fault:
                continue
            if entry.size > MAX_BYTES or entry.identity.startswith("sha256:"):
                search.skipped += 1
            else:
                search._add(path, read_bytes(tree, path) or b"")
        return search

    def _add(self, path: str, data: bytes) -> None:
        if is_text(data):
            self.searched += 1
            self.problems += find_plain_secrets(path, data)
        else:
            self.skipped += 1


def _allowed_paths(folder: SecretsFolder) -> set[str]:
    text = folder.files.get(ALLOWED, b"").decode("utf-8", "replace")
    lines = {line.partition("#")[0].strip() for line in text.splitlines()}
    return lines - {""}
