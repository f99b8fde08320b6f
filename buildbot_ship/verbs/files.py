"""Files on this worker, read bit by bit, and whether they are what they should be."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from ..errors import DigestMismatch

_CHUNK = 1 << 20


def opener(path: Path) -> Callable[[], IO[bytes]]:
    """Return what opens the file at *path*."""
    return lambda: path.open("rb")


def digest_of_file(path: Path, inflater: zlib._Decompress | None = None) -> str:
    """Return the digest of the file at *path*, of what is in it with an *inflater*."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for part in _inflated(chunk, inflater) if inflater else (chunk,):
                digest.update(part)
    if inflater:
        digest.update(inflater.flush())
    return f"sha256:{digest.hexdigest()}"


def _inflated(chunk: bytes, inflater: zlib._Decompress) -> Iterator[bytes]:
    """Yield what is in *chunk* bit by bit: it may be a thousand times as much."""
    while chunk:
        yield inflater.decompress(chunk, _CHUNK)
        chunk = inflater.unconsumed_tail


def expect(what: str, expected: str, got: str) -> None:
    """Raise DigestMismatch unless *got* is *expected*."""
    if expected != got:
        raise DigestMismatch(what, expected, got)
