"""Find the files that a build copied into the wheel without reading them.

If a later commit changes only such files, its wheel needs no build: the wheel is repacked with
the new bytes in these members.
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
"""Files that count as read: `build` reads them, outside the traced processes."""
LARGEST = 16 << 20
"""Bytes of the largest wheel that is checked: it is unpacked in memory."""


def find_unread_files(
    package: Path, wheel: Path, notes: Mapping[Path, Path]
) -> dict[str, Any] | None:
    """Return ``{"members": {PATH: MEMBER}, "inputs": [PATH]}``, or None.

    *members* has the unread files of *package* and their member of *wheel*; *inputs* has the
    files that the build read.  A file that was never opened is in neither.  *package* is the
    folder before the build; *notes* are the paths of the notes of ``file_trace.py``, by the
    folder that each hook ran in.  None if notes are missing or opaque, if the wheel is too
    large, or if repacking does not give the same bytes.
    """
    opened = _opened(notes)
    if opened is None or wheel.stat().st_size > LARGEST:
        return None
    read, copied = opened
    files = {path for path in read | copied | ALWAYS_READ if (package / path).is_file()}
    members = _members(wheel)
    unread: dict[str, str] = {}
    for digest, paths in _by_digest(package, files).items():
        names = [name for name, other in members.items() if other == digest]
        unread |= _pairs(paths, names) or {}
    unread = {path: name for path, name in unread.items() if path not in read | ALWAYS_READ}
    changes = {name: (package / path).read_bytes() for path, name in unread.items()}
    if not _is_same(wheel, changes):
        return None
    return {"members": unread, "inputs": sorted(files - unread.keys())}


def _opened(notes: Mapping[Path, Path]) -> tuple[set[str], set[str]] | None:
    """Return the files that were read, and those that were only copied; None if opaque."""
    read: set[str] = set()
    copied: set[str] = set()
    for folder, path in notes.items():
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if record["opaque"]:
            return None
        read |= _relative(record["read"], folder)
        copied |= _relative(record["copied"], folder)
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
    by_digest = defaultdict(list)
    for path in paths:
        by_digest[hashlib.sha256((package / path).read_bytes()).hexdigest()].append(path)
    return by_digest


def _pairs(paths: Sequence[str], names: Sequence[str]) -> dict[str, str] | None:
    """Return the member *name* of each path, all with the same bytes; None if ambiguous."""
    pairs = [
        (path, name) for path in paths for name in names if f"/{path}".endswith(f"/{name}")
    ]
    members = dict(pairs)
    counts = {len(pairs), len(members), len(set(members.values())), len(paths), len(names)}
    return members if len(counts) == 1 else None


def _is_same(wheel: Path, changes: Mapping[str, bytes]) -> bool:
    """Return whether repacking the wheel without a change gives the same bytes."""
    data = wheel.read_bytes()
    try:
        return repack_wheel(data, changes) == data
    except ValueError:
        return False
