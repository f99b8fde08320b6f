"""Loose requirements, read strictly: the files that people write, and those they include.

The format: https://pip.pypa.io/en/stable/reference/requirements-file-format/.  Of its
options only ``-r`` and ``-c`` are taken, and only for files of the repository.  What a
refused line holds is never repeated: it may be no requirement file at all.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterable

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ...errors import FileMissing, InvalidFile, Problem
from .reader import Pin, logical_lines, read_requirement
from .text import decode

METADATA = ("pyproject.toml", "setup.cfg", "setup.py")
"""The files of an own package that say what it needs."""
MAX_DEPTH = 32
"""How many files may include one another in a row."""
MAX_PATH = 1024
_INCLUDE = re.compile(r"-(?:([rc])\s*|-(requirement|constraint)(?:=|\s+))(\S+)")

Read = Callable[[str], "bytes | None"]
"""The bytes of the repository's file at a path, None where there is no plain file."""


@attrs.frozen
class Wish:
    """One loose requirement, or constraint, and where it stands."""

    requirement: Requirement
    file: str
    line: int

    @property
    def key(self) -> str:
        """Return the name by which packages are compared."""
        return canonicalize_name(self.requirement.name)


@attrs.frozen
class Loose:
    """What was read: *files* are the bytes by path, each once, the first one first."""

    requirements: tuple[Wish, ...]
    constraints: tuple[Wish, ...]
    files: dict[str, bytes] = attrs.field(repr=False)


def read_loose(path: str, read: Read, *, empty: bool = False) -> Loose:
    """Return what the file at *path* and all that it includes ask for.

    Raises FileMissing for *path* itself, InvalidFile with every problem of all files.
    Without a requirement it is refused, unless it may be *empty*.
    """
    reading = _Reading(read)
    if reading.open(path) is None:
        raise FileMissing(path, "the repository")
    reading.file(path, constraint=False, above=())
    if not (reading.requirements or reading.problems or empty):
        text = "the file holds no requirement, and the option packages names no package"
        reading.problems.append(Problem(path, 1, text))
    if reading.problems:
        raise InvalidFile(tuple(reading.problems))
    return Loose(tuple(reading.requirements), tuple(reading.constraints), reading.files)


def metadata_of(packages: tuple[str, ...], read: Read) -> dict[str, bytes]:
    """Return the files by path that say what the own packages in these folders need."""
    paths = (posixpath.normpath(f"{folder}/{name}") for folder in packages for name in METADATA)
    return {path: data for path in paths if (data := read(path)) is not None}


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """Return the sha256 (hexadecimal) of each file."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def unknown_names(names: Iterable[str], loose: Loose, pins: Iterable[Pin]) -> list[str]:
    """Return those of *names* that no loose requirement, constraint or pin has."""
    known = {wish.key for wish in (*loose.requirements, *loose.constraints)}
    known |= {pin.key for pin in pins}
    return [name for name in names if canonicalize_name(name) not in known]


@attrs.define
class _Reading:
    """What is known while files are read one by one."""

    read: Read
    requirements: list[Wish] = attrs.field(factory=list)
    constraints: list[Wish] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    files: dict[str, bytes] = attrs.field(factory=dict)
    done: set[tuple[str, bool]] = attrs.field(factory=set)

    def open(self, path: str) -> bytes | None:
        """Return the bytes of a file, which is then one of those read."""
        data = self.files[path] if path in self.files else self.read(path)
        if data is not None:
            self.files[path] = data
        return data

    def file(self, path: str, *, constraint: bool, above: tuple[str, ...]) -> None:
        """Read one file, *above* being those that led to it."""
        if (path, constraint) in self.done:
            return
        self.done.add((path, constraint))
        try:
            text = decode(self.files[path], path)
        except InvalidFile as error:
            self.problems += error.problems
            return
        for number, line in logical_lines(text):
            fault = self.line(path, number, line, constraint, (*above, path))
            if fault is not None:
                self.problems.append(Problem(path, number, fault))

    def line(
        self, path: str, number: int, line: str, constraint: bool, above: tuple[str, ...]
    ) -> str | None:
        """Read one line; return what is wrong with it."""
        include = _INCLUDE.fullmatch(line)
        if include is not None:
            kind = (include[1] or include[2])[0]
            return self.include(path, kind, include[3], constraint, above)
        requirement = read_requirement(line, "requirements, -r and -c")
        if isinstance(requirement, str):
            return requirement
        if constraint and requirement.extras:
            return f"{requirement.name}: a constraint has no extras"
        found = self.constraints if constraint else self.requirements
        found.append(Wish(requirement, path, number))
        return None

    def include(
        self, path: str, kind: str, target: str, constraint: bool, above: tuple[str, ...]
    ) -> str | None:
        """Read the file that a line names; return what is wrong with the line."""
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if len(target) > MAX_PATH:
            return f"-{kind} names a path longer than {MAX_PATH} characters"
        leaves = target.startswith(("/", "~")) or inside.startswith("../") or "://" in target
        if leaves or "\\" in target or "${" in target or not target.isprintable():
            return f"-{kind} takes a file of this repository"
        if inside in above:
            return f"-{kind} includes a file that leads here: {inside}"
        if len(above) >= MAX_DEPTH:
            return f"-{kind} leads deeper than {MAX_DEPTH} files: include it further up"
        if self.open(inside) is None:
            return f"-{kind} names no plain file of this repository: {inside}"
        self.file(inside, constraint=constraint or kind == "c", above=above)
        return None
