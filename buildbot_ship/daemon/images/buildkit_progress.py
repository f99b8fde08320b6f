"""Read the progress of a build by BuildKit: one protobuf message per line of the stream.

The message is ``StatusResponse`` of
https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
The fields that are read here are texts, so the reader needs no protobuf library.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

import attrs

TRACE = "moby.buildkit.trace"
"""The ID of the lines of a stream that have progress."""
_VERTEXES, _LOGS = 1, 3
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_BITS = 64


@attrs.frozen
class Vertex:
    """A step of a build: *name* is for people; it *started*, and may have an *error*."""

    digest: str
    name: str
    started: bool
    error: str


@attrs.frozen
class Output:
    """A part of what the step *vertex* printed."""

    vertex: str
    text: bytes


def read_progress(line: str) -> tuple[tuple[Vertex, ...], tuple[Output, ...]]:
    """Return the steps and the output in one message.  Raises ValueError if it is damaged."""
    try:
        fields = list(_fields(base64.b64decode(line, validate=True)))
    except binascii.Error as error:
        raise ValueError(f"it is not base64: {error}") from None
    vertexes = tuple(_vertex(data) for number, data in fields if number == _VERTEXES)
    return vertexes, tuple(_output(data) for number, data in fields if number == _LOGS)


def _vertex(data: bytes) -> Vertex:
    found = dict(_fields(data))
    digest, name, error = (
        found.get(number, b"").decode("utf-8", "replace") for number in (1, 3, 7)
    )
    return Vertex(digest, name, 5 in found, error)


def _output(data: bytes) -> Output:
    found = dict(_fields(data))
    return Output(found.get(1, b"").decode("utf-8", "replace"), found.get(4, b""))


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the fields that have texts or messages."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        size = {_FIXED64: 8, _FIXED32: 4}.get(key & 7, 0)
        if key & 7 in (_VARINT, _BYTES):
            value, at = _varint(data, at)
            size = value if key & 7 == _BYTES else 0
        elif not size:
            raise ValueError(f"wire type {key & 7} is unknown")
        if at + size > len(data):
            raise ValueError("it ends too early")
        if key & 7 == _BYTES:
            yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at *at*, and where it ends."""
    value = shift = 0
    while shift < _MOST_BITS and at < len(data):
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("it has a number without an end")
