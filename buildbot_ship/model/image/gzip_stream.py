"""Layers that are gzipped, unpacked bit by bit: they may hold a thousand times as much."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PART = 1 << 16
_WINDOW = 31
"""What zlib takes for a gzip header, and the largest window."""


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what *chunks* of gzip hold, of one or several members, at most 64 KiB each.

    Raises zlib.error for bytes that are no gzip; an end that is missing is not noticed.
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
        raise ValueError("a layer of it is compressed with zstd: only gzip is read")
    whole = chain([head], source)
    return inflate(whole) if head.startswith(_GZIP) else whole


class Unpacked:
    """The tar of a layer as a stream to read, whether its chunks are gzipped or not."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Look at the first chunks; raise ValueError for a layer that is packed otherwise."""
        self._parts = _unpacked(chunks)

    def read(self, size: int) -> bytes:
        """Return some bytes, none at the end; *size* of them are not promised.

        Raises zlib.error, and what the giver of the chunks raises.
        """
        del size
        return next(filter(None, self._parts), b"")

    def drain(self) -> None:
        """Take what is left, so that its giver can verify the whole."""
        for _ in self._parts:
            pass
