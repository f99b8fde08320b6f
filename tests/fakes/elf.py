"""Minimal ELF files: headers and a dynamic section, no code."""

from __future__ import annotations

import struct
from collections.abc import Sequence

X86_64, I386, AARCH64 = 62, 3, 183
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_HEADER, _PROGRAM_HEADER = 64, 56
LOADER = "/lib64/ld-linux-x86-64.so.2"


def elf(
    *needed: str,
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    interpreter: str = "",
    machine: int = X86_64,
) -> bytes:
    """Return a 64-bit ELF file that needs the libraries *needed*."""
    texts = bytearray(b"\0")
    tags: list[tuple[int, int]] = []
    named: Sequence[tuple[int, str]] = [
        *((_NEEDED, name) for name in needed),
        *((tag, text) for tag, text in (
            (_SONAME, soname), (_RPATH, rpath), (_RUNPATH, runpath)) if text),
    ]  # fmt: skip
    for tag, text in named:
        tags.append((tag, len(texts)))
        texts += text.encode() + b"\0"
    count = 3 if interpreter else 2
    start = _HEADER + count * _PROGRAM_HEADER
    loader = interpreter.encode() + b"\0"
    strings = start + len(loader)
    tags += [(_STRTAB, strings), (_STRSZ, len(texts)), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in tags)
    place = strings + len(texts)
    size = place + len(dynamic)
    segments = [(_LOAD, 0, size), (_DYNAMIC, place, len(dynamic))]
    if interpreter:
        segments.append((_INTERP, start, len(loader)))
    headers = b"".join(
        struct.pack("<IIQQQQQQ", kind, 4, offset, offset, offset, length, length, 8)
        for kind, offset, length in segments
    )
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    rest = (3, machine, 1, 0, _HEADER, 0, 0, _HEADER, _PROGRAM_HEADER, count, 64, 0, 0)
    header = ident + struct.pack("<HHIQQQIHHHHHH", *rest)
    return header + headers + loader + bytes(texts) + dynamic
