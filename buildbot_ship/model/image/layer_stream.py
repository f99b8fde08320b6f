"""Unpack layers as a stream: tars that are plain, or compressed with gzip or zstd.

A few kilobytes may expand to gigabytes, so nothing is held in memory, and the size of the tar
is limited.  Compressed data may consist of many members (gzip) or frames (zstd).  Decompressors
copy what follows a member, so they get small slices: the time stays linear in the size.
Formats: RFC 1952 (gzip) and RFC 8878 (zstd).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

from ...errors import ExtraMissing, LimitExceeded

LIMIT = 16 * 1024**3
"""The largest tar of a layer, in bytes."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
"""The magic number of a skippable frame after its first byte, which is 0x50 to 0x5f."""
_HEAD = 4
_PART = 1 << 16
"""The most bytes to unpack at once."""
_SLICE = 1 << 14
"""The most bytes that a decompressor gets at once."""
_WINDOW = 31
"""The wbits of zlib for a gzip header and the largest window."""


class DamagedLayer(Exception):
    """A layer is compressed, but cannot be unpacked."""


class _Member(Protocol):
    """The decompressor of one member or frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def parts(self, data: bytes) -> Iterator[bytes]:
        """Yield what *data* unpacks to, until the end of the member."""


class _Gzip:
    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_WINDOW)

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def parts(self, data: bytes) -> Iterator[bytes]:
        inflater = self._inflater
        while data:
            yield inflater.decompress(data, _PART)
            data = b"" if inflater.eof else inflater.unconsumed_tail


class _Zstd:
    def __init__(self, library: Any) -> None:
        self._frame = library.ZstdDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._frame.unused_data)

    def parts(self, data: bytes) -> Iterator[bytes]:
        frame = self._frame
        yield frame.decompress(data, _PART)
        while not (frame.eof or frame.needs_input):
            yield frame.decompress(b"", _PART)


def inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress *chunks* of gzip with one or several members; yield at most 64 KiB each.

    Raises zlib.error for other data, also if it is truncated.
    """
    for part, complete in _members(chunks, _Gzip):
        if not complete:
            raise zlib.error("it is truncated")
        yield part


def unpack_layer(chunks: Iterable[bytes], limit: int = LIMIT) -> Iterator[bytes]:
    """Yield the tar of a layer: *chunks* are plain, or compressed with gzip or zstd.

    Raises DamagedLayer, LimitExceeded for a tar of more than *limit* bytes,
    ExtraMissing if this Python has no zstd, and the errors of the source of the chunks.
    """
    size = 0
    for part in _unpacked(iter(chunks)):
        size += len(part)
        if size > limit:
            raise LimitExceeded("the unpacked size of a layer", f"{limit / 1024**3:g} GiB")
        yield part


def _unpacked(source: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= _HEAD:
            break
    whole = chain([head], source)
    if head.startswith(_GZIP):
        return _gzip(whole)
    skippable = head[:1].hex().startswith("5") and head[1:_HEAD] == _SKIPPABLE
    return _zstd(whole) if skippable or head.startswith(_ZSTD) else whole


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from inflate(chunks)
    except zlib.error as error:
        raise DamagedLayer(f"gzip: {error}") from None


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    library = _zstd_library()
    try:
        for part, complete in _members(chunks, lambda: _Zstd(library)):
            if not complete:
                raise DamagedLayer("zstd: it is truncated")
            yield part
    except library.ZstdError as error:
        raise DamagedLayer(f"zstd: {error}") from None


def _zstd_library() -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        try:
            from backports import zstd  # noqa: PLC0415
        except ImportError:
            raise ExtraMissing("backports.zstd", "worker") from None
    return zstd


def _members(
    chunks: Iterable[bytes], new: Callable[[], _Member]
) -> Iterator[tuple[bytes, bool]]:
    """Yield the parts of all members, and at last b"" and whether the last one is complete."""
    member: _Member | None = None
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            rest = chunk[start : start + _SLICE]
            while rest:
                member = new() if member is None or member.eof else member
                for part in member.parts(rest):
                    yield part, True
                rest = member.unused_data if member.eof else b""
    yield b"", member is None or member.eof


class Unpacked:
    """The tar of a layer as a readable stream; see `unpack_layer`."""

    def __init__(self, chunks: Iterable[bytes], limit: int = LIMIT) -> None:
        """Read nothing yet."""
        self._parts = unpack_layer(chunks, limit)

    def read(self, size: int) -> bytes:
        """Return some bytes, possibly more or fewer than *size*; none at the end.

        Raises the errors of `unpack_layer`.
        """
        del size
        return next(filter(None, self._parts), b"")

    def drain(self) -> None:
        """Read the rest, so that the source can verify the digest."""
        for _ in self._parts:
            pass
