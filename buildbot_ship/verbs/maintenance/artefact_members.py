"""Find the first difference between two wheels, pexes, layers or JSON files."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import attrs

from ...model.image.first_difference import (
    Difference,
    Entry,
    compare_bytes,
    compare_entries,
    compare_json,
)
from ...model.reference import digest_of_stream

_COMPARED = 64 << 20
"""Bytes of a member that are compared to locate a difference."""
_Members = Callable[[Path], Iterator[tuple[Entry, IO[bytes]]]]


def first_difference(first: Path, second: Path) -> Difference:
    """Return the first difference of two files that do not have the same bytes."""
    if first.suffix == ".json":
        found = compare_json(json.loads(first.read_bytes()), json.loads(second.read_bytes()))
    else:
        found = _in_archives(_tar if first.suffix == ".gz" else _zip, first, second)
    return found or Difference("the file itself", _by_bytes(_head(first), _head(second)))


def _in_archives(members: _Members, first: Path, second: Path) -> Difference | None:
    one, other = (
        [
            attrs.evolve(entry, digest=digest_of_stream(content))
            for entry, content in members(path)
        ]
        for path in (first, second)
    )
    found = compare_entries(one, other)
    if found is None or not found.content:
        return found
    place = next(n for n, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1])
    contents = (_content(members(path), place) for path in (first, second))
    return attrs.evolve(found, what=_by_bytes(*contents))


def _by_bytes(first: bytes, second: bytes) -> str:
    return compare_bytes(first, second) if first != second else "differs far from its start"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_COMPARED)


def _content(members: Iterator[tuple[Entry, IO[bytes]]], place: int) -> bytes:
    return next(content.read(_COMPARED) for n, (_, content) in enumerate(members) if n == place)


def _zip(path: Path) -> Iterator[tuple[Entry, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode, time = f"{info.external_attr >> 16:o}", str(info.date_time)
            entry = Entry(info.filename, mode, "", time, "", info.file_size, "")
            with archive.open(info) as content:
                yield entry, content


def _tar(path: Path) -> Iterator[tuple[Entry, IO[bytes]]]:
    with tarfile.open(path, "r:gz") as archive:
        for info in archive:
            mode, owner = f"{info.type.decode()} {info.mode:o}", f"{info.uid}:{info.gid}"
            link, time = info.linkname, str(info.mtime)
            entry = Entry(info.name, mode, owner, time, link, info.size, "")
            with archive.extractfile(info) or Path("/dev/null").open("rb") as content:
                yield entry, content
