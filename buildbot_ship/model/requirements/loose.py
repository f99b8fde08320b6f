"""Read loose requirement files, and the files that they include with ``-r`` and ``-c``.

Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/.  No other option is
allowed, and included files must be in the repository.  Messages never quote a rejected line:
the file may be something else, for example a file with secrets.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterable

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ...errors import FileMissing, InvalidFile, InvalidRequest, Problem
from .lock_names import is_pyproject
from .reader import Pin, logical_lines, read_requirement
from .text import decode

METADATA = ("pyproject.toml", "setup.cfg", "setup.py")
"""The files in which an own package declares its requirements."""
MAX_DEPTH = 32
"""Maximum depth of nested includes."""
MAX_PATH = 1024
_INCLUDE = re.compile(r"-(?:([rc])\s*|-(requirement|constraint)(?:=|\s+))(\S+)")

Read = Callable[[str], "bytes | None"]
"""Return the bytes of a file in the repository, or None if it is not a regular file."""


@attrs.frozen
class LooseRequirement:
    """A loose requirement or constraint, with its file and line."""

    requirement: Requirement
    file: str
    line: int

    @property
    def key(self) -> str:
        """Return the canonical package name."""
        return canonicalize_name(self.requirement.name)


@attrs.frozen
class Loose:
    """All loose requirements; *files* maps each path to its bytes, in reading order."""

    requirements: tuple[LooseRequirement, ...]
    constraints: tuple[LooseRequirement, ...]
    files: dict[str, bytes] = attrs.field(repr=False)

    @property
    def conditional(self) -> list[str]:
        """Return the requirements and constraints that have environment markers."""
        items = (*self.requirements, *self.constraints)
        return [str(item.requirement) for item in items if item.requirement.marker]


@attrs.frozen
class Selected:
    """The *extras* and dependency *groups* of a ``pyproject.toml`` to take."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def check(self, path: str) -> None:
        """Raise InvalidRequest if they are set, and the file at *path* cannot have any."""
        for option, names in (("extras", self.extras), ("groups", self.groups)):
            if names and not is_pyproject(path):
                why = (
                    f"{path} has none: set loose to a pyproject.toml, or strict to a lock file"
                )
                raise InvalidRequest(option, why)


def read_loose(
    path: str, read: Read, *, empty: bool = False, selected: Selected | None = None
) -> Loose:
    """Read the file at *path* and all files that it includes, or a ``pyproject.toml``.

    Raises FileMissing for *path* itself, and InvalidFile with every problem of all files.  A
    file without a requirement is a problem, unless *empty* allows it.
    """
    selected = selected or Selected()
    selected.check(path)
    reader = _LooseReader(read)
    data = reader.open(path)
    if data is None:
        raise FileMissing(path, "the repository")
    if is_pyproject(path):
        reader.project(path, data, selected, empty=empty)
    else:
        reader.file(path, constraint=False, above=())
    if not (reader.requirements or reader.problems or empty):
        text = "the file has no requirement, and the option packages names no package"
        reader.problems.append(Problem(path, 1, text))
    if reader.problems:
        raise InvalidFile(tuple(reader.problems))
    return Loose(tuple(reader.requirements), tuple(reader.constraints), reader.files)


def metadata_of(packages: tuple[str, ...], read: Read) -> dict[str, bytes]:
    """Return the metadata files of the own packages in these folders, by path."""
    paths = (posixpath.normpath(f"{folder}/{name}") for folder in packages for name in METADATA)
    return {path: data for path in paths if (data := read(path)) is not None}


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """Return the sha256 (hexadecimal) of each file."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def unknown_names(names: Iterable[str], loose: Loose, pins: Iterable[Pin]) -> list[str]:
    """Return the *names* that match no loose requirement, constraint or pin."""
    known = {item.key for item in (*loose.requirements, *loose.constraints)}
    known |= {pin.key for pin in pins}
    return [name for name in names if canonicalize_name(name) not in known]


@attrs.define
class _LooseReader:
    """Read files one by one, and collect requirements, constraints and problems."""

    read: Read
    requirements: list[LooseRequirement] = attrs.field(factory=list)
    constraints: list[LooseRequirement] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    files: dict[str, bytes] = attrs.field(factory=dict)
    done: set[tuple[str, bool]] = attrs.field(factory=set)

    def open(self, path: str) -> bytes | None:
        """Return the bytes of a file, and record that it was read."""
        data = self.files[path] if path in self.files else self.read(path)
        if data is not None:
            self.files[path] = data
        return data

    def file(self, path: str, *, constraint: bool, above: tuple[str, ...]) -> None:
        """Read one file; *above* are the files that include it, the outermost first."""
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

    def project(self, path: str, data: bytes, selected: Selected, *, empty: bool) -> None:
        """Read a ``pyproject.toml``; with *empty*, own packages have requirements too."""
        # Imported late: most projects have a requirement file.
        from .pyproject import Project  # noqa: PLC0415

        project = Project.parse(data, path)
        if project.is_dynamic and not empty:
            text = "its dependencies are dynamic: name the folder in the option packages"
            self.problems.append(Problem(path, project.document.line_of("dynamic"), text))
            return
        for requirement in project.requirements(selected.extras, selected.groups):
            line = project.line_of(requirement)
            self.requirements.append(LooseRequirement(requirement, path, line))

    def line(
        self, path: str, number: int, line: str, constraint: bool, above: tuple[str, ...]
    ) -> str | None:
        """Read one line; return its fault, or None."""
        include = _INCLUDE.fullmatch(line)
        if include is not None:
            kind = (include[1] or include[2])[0]
            return self.include(path, kind, include[3], constraint, above)
        requirement = read_requirement(line, "requirements, -r and -c")
        if isinstance(requirement, str):
            return requirement
        if constraint and requirement.extras:
            return f"{requirement.name}: a constraint cannot have extras: remove them"
        found = self.constraints if constraint else self.requirements
        found.append(LooseRequirement(requirement, path, number))
        return None

    def include(
        self, path: str, kind: str, target: str, constraint: bool, above: tuple[str, ...]
    ) -> str | None:
        """Read the file that a line includes; return the fault of the line, or None."""
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if len(target) > MAX_PATH:
            return f"-{kind} names a path longer than {MAX_PATH} characters: shorten it"
        leaves = target.startswith(("/", "~")) or inside.startswith("../") or "://" in target
        if leaves or "\\" in target or "${" in target or not target.isprintable():
            return f"-{kind} accepts only a file in this repository"
        if inside in above:
            return f"-{kind} makes a cycle: {inside} includes this file"
        if len(above) >= MAX_DEPTH:
            return f"-{kind} nests more than {MAX_DEPTH} files: include it further up"
        if self.open(inside) is None:
            return f"-{kind} names {inside}, which is not a file in this repository"
        self.file(inside, constraint=constraint or kind == "c", above=above)
        return None
