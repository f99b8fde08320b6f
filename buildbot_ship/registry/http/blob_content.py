"""The bytes of a blob to upload: whole, or a part of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ...model.reference import digest_of, digest_of_stream
from .metering import Meter

Progress = Callable[[int, int], None]
_CHUNK = 1 << 16
"""Bytes that are sent at a time; the connection must take them within the read timeout."""


class BlobContent:
    """The bytes of a blob, read from the start in each attempt, and their digest.

    It is an iterable with a length, so that requests sends a Content-Length.
    """

    def __init__(
        self,
        content: bytes | Path,
        meter: Meter,
        progress: Progress | None = None,
    ) -> None:
        """Take the bytes, or a file that is read in chunks; *meter* checks the rate.

        *progress* gets the bytes sent so far and their number, before each chunk.
        """
        self._content, self.meter, self._progress = content, meter, progress
        self._size = len(content) if isinstance(content, bytes) else content.stat().st_size
        self.digest: str | None = None
        """The digest of the bytes read so far; None before the first."""

    def __len__(self) -> int:
        """Return the size in bytes."""
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes from the start.  Raises SlowAnswer."""
        yield from self.meter.send(self._hashed())

    def whole_digest(self) -> str:
        """Return the digest of all bytes."""
        if isinstance(self._content, bytes):
            return digest_of(self._content)
        with self._content.open("rb") as file:
            return digest_of_stream(file)

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from offset *start* up to *end*."""
        for chunk in self._chunks(start, end):
            if self._progress is not None:
                self._progress(start, self._size)
            start += len(chunk)
            yield chunk

    def _chunks(self, start: int, end: int) -> Iterator[bytes]:
        if isinstance(self._content, bytes):
            for begin in range(start, end, _CHUNK):
                yield self._content[begin : min(begin + _CHUNK, end)]
            return
        with self._content.open("rb") as file:
            file.seek(start)
            while chunk := file.read(min(_CHUNK, end - start)):
                start += len(chunk)
                yield chunk

    def _hashed(self) -> Iterator[bytes]:
        self.digest = None
        checksum = hashlib.sha256()
        for chunk in self.chunks(0, self._size):
            checksum.update(chunk)
            self.digest = f"sha256:{checksum.hexdigest()}"
            yield chunk


class Part:
    """A part of a blob, from offset *start* up to *end*; an iterable with a length."""

    def __init__(self, blob: BlobContent, start: int, end: int) -> None:
        """Read nothing yet."""
        self._blob, self._start, self._end = blob, start, end

    def __len__(self) -> int:
        """Return the size in bytes."""
        return self._end - self._start

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes.  Raises SlowAnswer."""
        yield from self._blob.meter.send(self._blob.chunks(self._start, self._end))
