"""Submodules: find the git directory that has the objects of a submodule."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import RepositoryError
from .git_command import GitDir, Place, git, git_dirs

_PATHS = r"^submodule\..*\.path$"


def repositories(place: Place, checkout: Path, commit: str, path: str) -> Iterator[GitDir]:
    """Yield git directories that may have the objects of the submodule at *path*.

    First comes the one of the submodule's checkout.  Then come those under the submodule's name
    in ``.git/modules``, which stay if the submodule moves or is not checked out.
    """
    own = own_git_dir(checkout, path)
    if own is not None:
        yield GitDir(own)
    for folder in git_dirs(place):
        for name in _names(place, commit, path):
            kept = folder / "modules" / name
            if kept != own and (kept / "HEAD").is_file():
                yield GitDir(kept)


def own_git_dir(checkout: Path, path: str) -> Path | None:
    """Return the git directory of the submodule checked out at *path*, or None."""
    folder = checkout / path
    if Path(os.path.realpath(folder)) != Path(os.path.realpath(checkout)) / path:
        return None
    named = folder / ".git"
    if named.is_file():
        text = os.fsdecode(named.read_bytes()).strip()
        named = folder / text.removeprefix("gitdir: ")
    return Path(os.path.normpath(named)) if (named / "HEAD").is_file() else None


def _names(place: Place, commit: str, path: str) -> list[str]:
    """Return the names of the submodule at *path* in ``.gitmodules``.

    Names that lead out of the git directory are ignored, as git does.
    """
    options = ("--blob", f"{commit}:.gitmodules", "-z", "--get-regexp", _PATHS)
    try:
        output = os.fsdecode(git(place, ".gitmodules", "config", *options))
    except RepositoryError:
        return []
    rows = (row.partition("\n") for row in output.split("\0") if row)
    names = [
        key.removeprefix("submodule.").removesuffix(".path")
        for key, _, value in rows
        if value.rstrip("/") == path
    ]
    return [n for n in names if n and not n.startswith("/") and ".." not in n.split("/")]
