"""The build lock: pinned build requirements for each sdist and each own package.

Each has its own section, because two sdists may need different versions of a build tool::

    #: sdist remotemath==17.3.0 sha256:<64 hexadecimal digits>
    incremental==24.11.0 \\
        --hash=sha256:<64 hexadecimal digits>
    #: package .
    setuptools==84.2.1 --hash=sha256:<64 hexadecimal digits>

A title is a comment, so every reader of requirement files can read the build lock.
"""

from __future__ import annotations

import re
from itertools import pairwise

import attrs
from packaging.utils import canonicalize_name

from ...errors import InvalidFile, Problem
from .reader import HARDEN, Pin, logical_lines, read_pins

DESCRIPTION_READERS = frozenset({"setuptools-scm", "vcs-versioning"})
"""Build requirements that read the version from ``.git_archival.txt``, as hatch-vcs does."""
REPOSITORY_READERS = frozenset(
    {
        "dunamai",
        "pbr",
        "setuptools-git-versioning",
        "versioneer",
        "versioningit",
    }
)
"""Build requirements that run git; poetry-dynamic-versioning and others use dunamai."""
_TITLE = re.compile(r"#: (sdist ([^\s=]+)==(\S+) sha256:([0-9a-f]{64})|package (\S+))")


@attrs.frozen
class Section:
    """The build requirements of one sdist (``name==version``) or own package (a folder).

    *source* is that version or folder; *line* is the line of the title.
    """

    title: str
    source: str
    pins: tuple[Pin, ...]
    sdist_hash: str | None = None
    line: int = attrs.field(default=0, eq=False)

    @property
    def reads_description(self) -> bool:
        """Return whether this is an own package whose build reads ``.git_archival.txt``."""
        return self._has_own(DESCRIPTION_READERS)

    @property
    def runs_git(self) -> bool:
        """Return whether this is an own package whose build runs git."""
        return self._has_own(REPOSITORY_READERS)

    def _has_own(self, readers: frozenset[str]) -> bool:
        own = self.sdist_hash is None
        return own and any(pin.key in readers for pin in self.pins)


@attrs.frozen
class BuildLock:
    """All sections of a build lock."""

    sections: tuple[Section, ...] = ()

    def of_package(self, folder: str) -> Section | None:
        """Return the section of the own package in *folder*, or None."""
        wanted = (None, folder)
        return next((s for s in self.sections if (s.sdist_hash, s.source) == wanted), None)


def parse_build_lock(text: str, file: str) -> BuildLock:
    """Parse a build lock.  Raises InvalidFile with every problem."""
    sections: list[Section] = []
    problems: list[Problem] = []
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("#:")]
    before = "".join(lines[: starts[0]] if starts else lines)
    for number, _ in logical_lines(before):
        problems.append(Problem(file, number, "this line is before the first section (#: ...)"))
    for start, end in pairwise([*starts, len(lines)]):
        body = "".join(lines[start + 1 : end])
        numbered = ((start + 1 + number, line) for number, line in logical_lines(body))
        pins, wrong = read_pins(numbered, file)
        problems += wrong
        section = _section(lines[start].rstrip(), tuple(pins), start + 1)
        if section is None:
            problems.append(Problem(file, start + 1, "this is not a section title"))
        else:
            sections.append(section)
    if problems:
        raise InvalidFile(tuple(problems), HARDEN)
    return BuildLock(tuple(sections))


def titles(text: str) -> list[str]:
    """Return the titles of the sections of a build lock, whatever else it has."""
    found = (_TITLE.fullmatch(line.rstrip()) for line in text.splitlines())
    return [match[1] for match in found if match]


def is_sdist_title(title: str) -> bool:
    """Return whether *title* is that of the section of an sdist."""
    match = _TITLE.fullmatch(f"#: {title}")
    return match is not None and match[4] is not None


def _section(line: str, pins: tuple[Pin, ...], number: int) -> Section | None:
    match = _TITLE.fullmatch(line)
    if match is None:
        return None
    title, name, version, digest, folder = match.groups()
    source = folder if folder is not None else f"{canonicalize_name(name)}=={version}"
    return Section(title, source, pins, digest, number)
