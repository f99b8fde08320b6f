"""Earlier versions of the files in a folder, from the history of a commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from .git_command import Blobs, git

_DELETED = "0" * 40


@attrs.frozen
class Version:
    """The *content* that *commit* gave the file at *path*."""

    commit: str
    path: str
    content: bytes


def versions(checkout: Path, folder: str, limit: int) -> Iterator[Version]:
    """Yield each version of the files below *folder*, the newest first.

    Reads the history of HEAD: at most *limit* commits that changed the folder.  Yields nothing
    without a commit.  Raises RepositoryError.
    """
    if not git(checkout, "the branches", "rev-list", "-n", "1", "--all"):
        return
    options = ["--raw", "--root", "-m", "-z", "--format=%x01%H", "--no-abbrev", "--no-renames"]
    options += ["--no-show-signature", "--no-color", "--no-relative", "--no-mailmap"]
    log = git(checkout, "the history", "log", f"-n{limit}", *options, "HEAD", "--", folder)
    blobs, seen = Blobs(checkout), set[tuple[str, str]]()
    commit, fields = "", iter(os.fsdecode(log).split("\0"))
    for field in fields:
        if "\x01" in field:
            commit = field.rpartition("\x01")[2].strip()
        elif field.lstrip("\n").startswith(":"):
            name, path = field.split()[3], next(fields, "")
            if name.startswith(_DELETED) or (path, name) in seen:
                continue
            seen.add((path, name))
            yield Version(commit, path, blobs.read(name, path))


def is_shallow(checkout: Path) -> bool:
    """Return true if the clone lacks older commits."""
    options = ("rev-parse", "--is-shallow-repository")
    return git(checkout, "the repository", *options).strip() == b"true"
