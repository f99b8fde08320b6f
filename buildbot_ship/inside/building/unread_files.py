"""Which files of a package its build carried into the wheel without looking into them.

A wheel of a later commit, in which nothing but such files changed, needs no build: it is
the same wheel with other bytes in these members (`repack_wheel`).
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wheel_rewrite import repack_wheel

ALWAYS_READ = {"pyproject.toml", "setup.cfg", "setup.py"}
"""What `build`, which is not traced, looks into; and what a backend may come to."""
LARGEST = 16 << 20
"""Bytes of a wheel that are taken apart in memory."""


def carried(package: Path, wheel: Path, notes: Mapping[Path, Path]) -> dict[str, Any] | None:
    """Return ``{"members": {PATH: MEMBER}, "inputs": [PATH]}``: what became what, and the rest.

    *package* is the folder as it was before; *notes* are those of `traced`, by the folder
    that each hook ran in.  What nobody opened is neither.  None where too little is known.
    """
    opened = _opened(notes)
    if opened is None or wheel.stat().st_size > LARGEST:
        return None
    read, copied = opened
    files = {path for path in read | copied | ALWAYS_READ if (package / path).is_file()}
    members = _members(wheel)
    found: dict[str, str] = {}
    for digest, paths in _by_digest(package, files).items():
        names = [name for name, other in members.items() if other == digest]
        found |= _pairs(paths, names) or {}
    found = {path: name for path, name in found.items() if path not in read | ALWAYS_READ}
    changes = {name: (package / path).read_bytes() for path, name in found.items()}
    if not _is_same(wheel, changes):
        return None
    return {"members": found, "inputs": sorted(files - found.keys())}


def _opened(notes: Mapping[Path, Path]) -> tuple[set[str], set[str]] | None:
    read: set[str] = set()
    copied: set[str] = set()
    for folder, path in notes.items():
        try:
            said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if said["opaque"]:
            return None
        read |= _relative(said["read"], folder)
        copied |= _relative(said["copied"], folder)
    return read, copied - read


def _relative(paths: Sequence[str], folder: Path) -> set[str]:
    top = os.path.normpath(folder) + os.sep
    return {path.removeprefix(top) for path in paths if path.startswith(top)}


def _members(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            item.filename: hashlib.sha256(archive.read(item)).hexdigest()
            for item in archive.infolist()
            if not item.is_dir()
        }


def _by_digest(package: Path, paths: Iterable[str]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for path in paths:
        found[hashlib.sha256((package / path).read_bytes()).hexdigest()].append(path)
    return found


def _pairs(paths: Sequence[str], names: Sequence[str]) -> dict[str, str] | None:
    """Return which of *paths* became which member, all of the same bytes; None in doubt."""
    pairs = [
        (path, name) for path in paths for name in names if f"/{path}".endswith(f"/{name}")
    ]
    found = dict(pairs)
    whole = len(pairs) == len(found) == len(set(found.values())) == len(paths) == len(names)
    return found if whole else None


def _is_same(wheel: Path, changes: Mapping[str, bytes]) -> bool:
    """Tell whether the wheel, put together from its parts, has the bytes that it has."""
    data = wheel.read_bytes()
    try:
        return repack_wheel(data, changes) == data
    except ValueError:
        return False
