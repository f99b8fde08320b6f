"""Submodules: a commit names another repository's commit, whose objects lie elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import RepositoryError
from .git_command import GitDir, Place, git, git_dirs

_PATHS = r"^submodule\..*\.path$"


def repositories(place: Place, checkout: Path, commit: str, path: str) -> Iterator[GitDir]:
    """Yield where the objects of the submodule at *path* may be, the likeliest first.

    That is the submodule's checkout, whatever it has checked out, and what git keeps under the
    submodule's name, which stays when the submodule moves or is not checked out.
    """
    found = own_git_dir(checkout, path)
    if found is not None:
        yield GitDir(found)
    for folder in git_dirs(place):
        for name in _names(place, commit, path):
            kept = folder / "modules" / name
            if kept != found and (kept / "HEAD").is_file():
                yield GitDir(kept)


def own_git_dir(checkout: Path, path: str) -> Path | None:
    """Return the folder of git's own that the checkout of a submodule names, or None."""
    folder = checkout / path
    if Path(os.path.realpath(folder)) != Path(os.path.realpath(checkout)) / path:
        return None
    named = folder / ".git"
    if named.is_file():
        text = os.fsdecode(named.read_bytes()).strip()
        named = folder / text.removeprefix("gitdir: ")
    return Path(os.path.normpath(named)) if (named / "HEAD").is_file() else None


def _names(place: Place, commit: str, path: str) -> list[str]:
    """Return the names that ``.gitmodules`` gives the submodule at *path*.

    One that leads out of git's folder is none: git would not make it either.
    """
    options = ("--blob", f"{commit}:.gitmodules", "-z", "--get-regexp", _PATHS)
    try:
        said = os.fsdecode(git(place, ".gitmodules", "config", *options))
    except RepositoryError:
        return []
    rows = (row.partition("\n") for row in said.split("\0") if row)
    names = [
        key.removeprefix("submodule.").removesuffix(".path")
        for key, _, value in rows
        if value.rstrip("/") == path
    ]
    return [n for n in names if n and not n.startswith("/") and ".." not in n.split("/")]
