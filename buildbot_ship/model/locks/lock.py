"""The pins that are taken from a lock file, and what is taken."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

import attrs
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ...errors import InvalidFile, InvalidRequest, Problem
from ..requirement import MAX_LINE, Malformed
from ..requirements.reader import Pin
from .poetry_digest import ContentHash

NO_RELEASE = "only releases of a package index can be pinned by hash"


@attrs.frozen
class Scope:
    """What to take from a lock file.

    *environment* has the marker variables of the base's interpreter.  *packages* are the
    folders of own packages.  *extras* and *groups* are those of the application to include.
    """

    environment: Mapping[str, str]
    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def applies(self, marker: str, extra: str = "") -> bool:
        """Return whether *marker* is true.  Raises Malformed."""
        if len(marker) > MAX_LINE:
            raise Malformed(f"a marker has more than {MAX_LINE} characters")
        try:
            return Marker(marker).evaluate({**self.environment, "extra": extra})
        except (ValueError, LookupError, RecursionError, SyntaxError):
            raise Malformed("a marker cannot be evaluated") from None

    def accepts_python(self, specifiers: str) -> bool:
        """Return whether a ``requires-python`` admits this interpreter.  Raises Malformed."""
        try:
            wanted = SpecifierSet(specifiers)
            return wanted.contains(self.environment["python_full_version"], prereleases=True)
        except ValueError:
            raise Malformed("requires-python is not a version specifier") from None

    def has_package(self, folder: str) -> bool:
        """Return whether *folder* is that of an own package to build."""
        return folder in {posixpath.normpath(package) for package in self.packages}

    def check_names(self, option: str, known: Iterable[str], file: str) -> None:
        """Raise InvalidRequest if *option* has a name that *file* does not have."""
        canonical = {canonicalize_name(name) for name in known}
        for name in getattr(self, option):
            if canonicalize_name(name) not in canonical:
                raise InvalidRequest(option, f"{file} has no {option[:-1]} {name}")


@attrs.frozen
class Lock:
    """The *pins* of a lock file for one scope.

    *own* are the names of own packages, *sdists* those of packages without any wheel.
    *declared* are the names that the application required when the lock was made, if recorded.
    *content_hash* is the digest of the project at that time, if recorded.
    """

    pins: tuple[Pin, ...]
    own: frozenset[str] = frozenset()
    sdists: frozenset[str] = frozenset()
    declared: frozenset[str] | None = None
    content_hash: ContentHash | None = None

    def with_extras(self, requirements: Iterable[Requirement]) -> Lock:
        """Return the lock with the extras of *requirements* added to its pins."""
        extras: dict[str, set[str]] = {}
        for requirement in requirements:
            name = canonicalize_name(requirement.name)
            extras.setdefault(name, set()).update(map(canonicalize_name, requirement.extras))
        pins = (
            attrs.evolve(pin, extras=tuple(sorted({*pin.extras, *extras.get(pin.key, ())})))
            for pin in self.pins
        )
        return attrs.evolve(self, pins=tuple(pins))


def folder_of(file: str, path: str) -> str:
    """Return the folder in the repository that *file* names by a relative *path*."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def one_version_each(pins: Iterable[Pin], file: str) -> Iterator[Problem]:
    """Yield a problem for each package of which two versions were taken."""
    seen: dict[str, Pin] = {}
    for pin in pins:
        first = seen.setdefault(pin.key, pin)
        if first is not pin:
            text = f"{pin.name} applies here in two versions, {first.version} (line "
            yield Problem(file, pin.line, f"{text}{first.line}) and {pin.version}")


def finish(lock: Lock, problems: list[Problem], file: str, remedy: str) -> Lock:
    """Return *lock*.  Raises InvalidFile with *problems*, and those of its pins."""
    problems += one_version_each(lock.pins, file)
    if problems:
        raise InvalidFile(tuple(problems), remedy)
    return lock
