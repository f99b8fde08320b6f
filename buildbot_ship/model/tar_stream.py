"""Read tars that others wrote, as a stream: layers of any image, and what containers return.

Python's tarfile raises errors of many kinds for a damaged header, and skips a file in small
steps even if the stream has ended: a header that claims an exabyte would take years.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Iterator
from typing import IO, Any, cast

_FAULTS = (
    ValueError, TypeError, LookupError, OverflowError, RecursionError, EOFError, struct.error,
)  # fmt: skip
_MOST_EMPTY = 3


class _Ending:
    """A stream that refuses to be read again and again after its end."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._empty = stream, 0

    def read(self, size: int) -> bytes:
        data: bytes = self._stream.read(size)
        self._empty = 0 if data else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise tarfile.ReadError("it is truncated")
        return data


def read_members(stream: Any) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Yield the archive and each member of the tar in *stream*, which has ``read(size)``.

    Raises TarError for every fault of the tar, and the errors of *stream*.  Sparse files, and
    sizes below zero, are faults.
    """
    ending = cast(IO[bytes], _Ending(stream))
    try:
        with tarfile.open(fileobj=ending, mode="r|", errors="surrogateescape") as archive:
            for member in archive:
                if member.size < 0 or member.issparse():
                    raise tarfile.ReadError("a member has no valid size")
                yield archive, member
    except _FAULTS:
        raise tarfile.ReadError("one of its headers is damaged") from None
