"""Find the owned base images in a Dockerfile, and replace their tags in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

import attrs

from ...errors import InvalidFile, InvalidReference, Problem
from ..reference import Reference
from ..tag import is_timestamp_tag
from .document import Dockerfile, read
from .lines import read_lines

_FROM = re.compile(rb"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)", re.I | re.M)
_ARG = re.compile(rb"^[ \t]*ARG[ \t]+\w+=[\"']?([^\s\"']+)", re.I | re.M)


@attrs.frozen
class Pin:
    """A reference to an owned base in a Dockerfile; *start* and *end* are byte offsets."""

    reference: Reference
    start: int
    end: int
    line: int


def find_pins(data: bytes, file: str) -> tuple[Pin, ...]:
    """Return the owned bases in the FROM lines of *file*, or in the ARG lines that set them.

    Raises InvalidFile, also for a FROM line that cannot be changed in place.
    """
    parsed = read(data, file)
    return _find(data, parsed, {base for base in (parsed.base, *parsed.others) if is_own(base)})


def _find(data: bytes, parsed: Dockerfile, bases: Set[Reference]) -> tuple[Pin, ...]:
    lines, _ = read_lines(data, parsed.file)
    inside = {number for line in lines for number in line.documents}
    found = (pin for pin in _candidates(data) if pin.reference in bases)
    pins = tuple(pin for pin in found if pin.line not in inside)
    if bases - {pin.reference for pin in pins}:
        text = "FROM: write the base as one word, here or as the default of one ARG"
        raise InvalidFile((Problem(parsed.file, parsed.base_line, text),))
    return pins


def is_own(base: Reference) -> bool:
    """Return whether *base* is an owned base: its tag is a timestamp."""
    return base.tag is not None and is_timestamp_tag(base.tag)


def move_pins(data: bytes, file: str, moves: Mapping[Reference, Reference]) -> bytes:
    """Replace bases by *moves*, and keep every other byte of the Dockerfile."""
    pins = sorted(find_pins(data, file), key=lambda pin: pin.start, reverse=True)
    for pin in pins:
        if pin.reference in moves:
            written = data[pin.start : pin.end].decode()
            new = _like(written, pin.reference, moves[pin.reference])
            data = data[: pin.start] + new.encode() + data[pin.end :]
    return data


def fix_bases(
    data: bytes, dockerfile: Dockerfile, fixed: Mapping[Reference, Reference]
) -> bytes:
    """Replace tags by digests for the engine's build, because tags may move.

    Raises InvalidFile for a FROM line that cannot be changed in place.
    """
    pins = _find(data, dockerfile, fixed.keys())
    for pin in sorted(pins, key=lambda pin: pin.start, reverse=True):
        data = data[: pin.start] + str(fixed[pin.reference]).encode() + data[pin.end :]
    return data


def _like(written: str, old: Reference, new: Reference) -> str:
    """Return *new* in the notation of *old*, which may omit the registry."""
    digest = f"@{new.digest}" if old.digest and new.digest else ""
    return f"{written.partition('@')[0].removesuffix(f':{old.tag}')}:{new.tag}{digest}"


def _candidates(data: bytes) -> Iterator[Pin]:
    for match in (*_FROM.finditer(data), *_ARG.finditer(data)):
        try:
            reference = Reference.parse(match[1].decode("ascii"))
        except (InvalidReference, UnicodeDecodeError):
            continue
        line = data.count(b"\n", 0, match.start(1)) + 1
        yield Pin(reference, match.start(1), match.end(1), line)
