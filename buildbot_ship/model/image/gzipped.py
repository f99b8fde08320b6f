"""Gzip, unpacked bit by bit: what is in it may be a thousand times as much."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

_PART = 1 << 16
_GZIP = 31
"""What zlib takes for a gzip header, and the largest window."""


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what *chunks* of gzip hold, of one or several members, at most 64 KiB each.

    Raises zlib.error for bytes that are no gzip; an end that is missing is not noticed.
    """
    inflater = zlib.decompressobj(_GZIP)
    for chunk in chunks:
        rest = chunk
        while rest:
            if inflater.eof:
                inflater = zlib.decompressobj(_GZIP)
            yield inflater.decompress(rest, _PART)
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    yield inflater.flush()
