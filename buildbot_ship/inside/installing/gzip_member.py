"""Compress files with gzip, reproducibly: the bytes depend on the content and on zlib only.

Format: RFC 1952, one member, without a name, time 0, OS 255.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 1024 * 1024
LEVEL = 5
# Magic, deflate, no flags, time 0, no extra flags, OS 255 (unknown).  Written here because
# `gzip.compress` and `GzipFile` write different OS bytes, even in one version of Python.
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def compressed(source: BinaryIO) -> Iterator[bytes]:
    """Yield *source* as one gzip member."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, 8, 0)
    checksum, size = 0, 0
    yield HEADER
    while chunk := source.read(CHUNK):
        checksum = zlib.crc32(chunk, checksum)
        size += len(chunk)
        yield deflate.compress(chunk)
    yield deflate.flush()
    yield struct.pack("<II", checksum, size & 0xFFFFFFFF)


def compress(source: Path, target: Path) -> dict[str, Any]:
    """Write *source* gzipped to *target*; return ``{"digest", "size"}`` of *target*."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as plain, target.open("wb") as out:
        for chunk in compressed(plain):
            digest.update(chunk)
            size += out.write(chunk)
    return {"digest": f"sha256:{digest.hexdigest()}", "size": size}
