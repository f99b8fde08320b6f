"""Compress layers, in the tools image: there the build of zlib is pinned, and so the bytes.

Called as ``python compress.py JOB_FOLDER OUT_FOLDER``, with the standard library only.
``JOB_FOLDER/job.json`` is ``{"files": ["layer-0.tar", ...]}``, plain names of files in
the job folder.  Each becomes ``OUT_FOLDER/NAME.gz`` (gzip, RFC 1952, one member: no name,
time 0, OS 255), and ``OUT_FOLDER/result.json`` is ``{"ok": true, "files": {NAME:
{"digest": "sha256:...", "size": BYTES}}}`` about the compressed files.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 1024 * 1024
LEVEL = 5
# Magic, deflate, no flags, time 0, no extra flags, OS 255 (unknown): `gzip` and
# `GzipFile` differ in the last one, even within one Python.
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
    """Write *source* gzipped to *target*; return the digest and size of what was written."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as plain, target.open("wb") as out:
        for chunk in compressed(plain):
            digest.update(chunk)
            size += out.write(chunk)
    return {"digest": f"sha256:{digest.hexdigest()}", "size": size}


def main(job: Path, out: Path) -> None:
    """Do the job in folder *job*, leave everything in folder *out*."""
    names = json.loads((job / "job.json").read_text(encoding="utf-8"))["files"]
    out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any]
    try:
        result = {
            "ok": True,
            "files": {name: compress(job / name, out / f"{name}.gz") for name in names},
        }
    except OSError as error:
        hint = "give the worker and the engine more room on disk"
        result = {"ok": False, "why": str(error), "hint": hint}
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
