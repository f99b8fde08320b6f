"""Decompress gzipped layers as a stream, because they may expand a thousandfold."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PART = 1 << 16
_WINDOW = 31
"""The wbits of zlib for a gzip header and the largest window."""


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress *chunks* of gzip with one or several members; yield at most 64 KiB each.

    Raises zlib.error for other data.  A truncated end is not detected.
    """
    inflater = zlib.decompressobj(_WINDOW)
    for chunk in chunks:
        rest = chunk
        while rest:
            if inflater.eof:
                inflater = zlib.decompressobj(_WINDOW)
            yield inflater.decompress(rest, _PART)
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    yield inflater.flush()


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source, head = iter(chunks), b""
    for chunk in source:
        head += chunk
        if len(head) >= len(_ZSTD):
            break
    if head.startswith(_ZSTD):
        raise ValueError("one of its layers is compressed with zstd: only gzip is supported")
    whole = chain([head], source)
    return inflate(whole) if head.startswith(_GZIP) else whole


class Unpacked:
    """The tar of a layer as a readable stream, from gzipped or plain chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Read the first chunks.  Raises ValueError for another compression."""
        self._parts = _unpacked(chunks)

    def read(self, size: int) -> bytes:
        """Return some bytes, possibly more or fewer than *size*; none at the end.

        Raises zlib.error, and the errors of the source of the chunks.
        """
        del size
        return next(filter(None, self._parts), b"")

    def drain(self) -> None:
        """Read the rest, so that the source can verify the digest."""
        for _ in self._parts:
            pass
