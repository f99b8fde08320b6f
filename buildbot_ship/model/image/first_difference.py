"""Find the first difference between two builds of an artefact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import attrs

_SHOWN = 120
_ABSENT = object()


@attrs.frozen
class Entry:
    """One member of an archive, with its metadata."""

    path: str
    mode: str
    owner: str
    time: str
    link: str
    size: int
    digest: str


@attrs.frozen
class Difference:
    """The first *member* that differs, and *what* differs.

    *content* is true if both builds have this file, with different bytes.
    """

    member: str
    what: str
    content: bool = False


def compare_entries(first: Sequence[Entry], second: Sequence[Entry]) -> Difference | None:
    """Return the first difference of two archives, or None if all members are equal."""
    paths, others = [entry.path for entry in first], [entry.path for entry in second]
    found = compare_names(paths, others) or _compare_order(paths, others)
    if found is not None:
        return found
    pairs = zip(first, second, strict=True)
    return next(filter(None, (_compare(one, other) for one, other in pairs)), None)


def compare_names(first: Sequence[str], second: Sequence[str]) -> Difference | None:
    """Return the first name that only one build has."""
    for here, there, which in ((first, second, "first"), (second, first, "second")):
        names = set(there)
        for name in here:
            if name not in names:
                return Difference(name, f"is only in the {which} build")
    return None


def _compare_order(first: Sequence[str], second: Sequence[str]) -> Difference | None:
    for one, other in zip_longest(first, second, fillvalue="nothing"):
        if one != other:
            return Difference(one, f"has the position of {other} in the second build")
    return None


def _compare(first: Entry, second: Entry) -> Difference | None:
    if first.digest != second.digest:
        return Difference(first.path, "has different content", content=True)
    for name in ("mode", "owner", "time", "link", "size"):
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            return Difference(first.path, f"has {name} {one}, then {other}")
    return None


def compare_bytes(first: bytes, second: bytes) -> str:
    """Describe the first difference of two contents: by line, or by byte."""
    one, other = _lines(first), _lines(second)
    if one is None or other is None:
        same = next(
            (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
            min(len(first), len(second)),
        )
        return f"differs from byte {same} ({len(first)} bytes, then {len(second)})"
    for number, (a, b) in enumerate(zip_longest(one, other, fillvalue=_ABSENT), 1):
        if a != b:
            return f"line {number} is {_shown(a)}, then {_shown(b)}"
    return "has different line endings"


def _lines(data: bytes) -> list[str] | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.splitlines()


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "missing"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def compare_json(first: Any, second: Any, path: str = "") -> Difference | None:
    """Return the first key, in alphabetical order, whose values differ."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in sorted({*first, *second}):
            values = first.get(key, _ABSENT), second.get(key, _ABSENT)
            found = compare_json(*values, f"{path}.{key}" if path else key)
            if found is not None:
                return found
        return None
    if isinstance(first, list) and isinstance(second, list):
        for number, values in enumerate(zip_longest(first, second, fillvalue=_ABSENT)):
            found = compare_json(*values, f"{path}[{number}]")
            if found is not None:
                return found
        return None
    if first == second and type(first) is type(second):
        return None
    return Difference(path, f"is {_shown(first)}, then {_shown(second)}")
