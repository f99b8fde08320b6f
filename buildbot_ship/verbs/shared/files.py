"""Files on this worker: open them, compute their digests, verify them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from ...errors import DigestMismatch
from ...model.reference import digest_of_stream


def opener(path: Path) -> Callable[[], IO[bytes]]:
    """Return a function that opens the file at *path* for reading."""
    return lambda: path.open("rb")


def digest_of_file(path: Path) -> str:
    """Return the digest of the file at *path*."""
    with path.open("rb") as file:
        return digest_of_stream(file)


def expect(what: str, expected: str, got: str) -> None:
    """Raise DigestMismatch unless *got* is *expected*."""
    if expected != got:
        raise DigestMismatch(what, expected, got)
