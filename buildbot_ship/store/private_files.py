"""Files that only one user may read: private keys, and secrets that were opened."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import FileMissing, KeyFileRefused, WouldOverwrite

_MAX_KEY_FILE = 4096


def read_key_file(path: Path, checkout: Path) -> bytes:
    """Return the content of the key file at *path*.

    Raises KeyFileRefused if it is in the *checkout*, or if other users can read it.
    """
    refuse_in_checkout(path, checkout)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise KeyFileRefused(str(path), f"{error.strerror}") from None
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise KeyFileRefused(str(path), "it is no regular file")
        if found.st_mode & 0o077:
            why = f"other users can read it (mode {stat.S_IMODE(found.st_mode):04o})"
            remedy = f"run chmod 600 {path}; if others had access, make a new key and rotate"
            raise KeyFileRefused(str(path), why, remedy)
        return file.read(_MAX_KEY_FILE)


def refuse_in_checkout(path: Path, checkout: Path) -> None:
    """Raise KeyFileRefused if *path* is in the *checkout*, where it could be committed."""
    folder = checkout.resolve()
    repositories = (each for each in (folder, *folder.parents) if (each / ".git").exists())
    top = next(repositories, folder)
    if top in path.resolve().parents:
        why = f"it is in the checkout {top}, where it could be committed"
        raise KeyFileRefused(str(path), why, "keep it outside, for example in ~/.config/ship")


def write_private(path: Path, data: bytes) -> None:
    """Write a new file at *path* that only this user can read.

    Raises WouldOverwrite if anything is there, FileMissing if the folder does not exist.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise WouldOverwrite(f"the file {path}") from None
    except OSError as error:
        where = f"this machine ({error.strerror})"
        raise FileMissing(f"a folder for {path}", where, f"mkdir -p {path.parent}") from None
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)


def read_limited(path: Path, limit: int) -> bytes:
    """Return at most *limit* + 1 bytes of the file at *path*.  Raises FileMissing."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        where = f"this machine ({error.strerror})"
        raise FileMissing(str(path), where, "correct the option input") from None
