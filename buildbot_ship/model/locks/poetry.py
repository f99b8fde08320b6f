"""Read ``poetry.lock``, format 2.1: each package has its groups and its markers.

Format: https://python-poetry.org/docs/basic-usage/.  Poetry 2 writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
from packaging.utils import canonicalize_name

from ...errors import InvalidFile, Problem
from ..requirement import Malformed
from ..requirements.reader import Pin, make_pin
from ..toml_file import TomlFile, value, values
from .lock import NO_RELEASE, Lock, Scope, finish, folder_of
from .poetry_digest import ContentHash
from .poetry_range import specifiers

REMEDY = (
    "run poetry lock with Poetry 2, or HardenRequirements, which updates the lock; review the "
    "changes, and commit"
)
MAIN = "main"


def read_poetry(document: TomlFile, scope: Scope) -> Lock:
    """Return the pins of ``poetry.lock`` for *scope*.  Raises InvalidFile, InvalidRequest."""
    reader = _Reader(document, scope)
    try:
        _check(document, scope)
        reader.read()
    except Malformed as fault:
        raise InvalidFile((Problem(document.file, 1, str(fault)),), REMEDY) from None
    return finish(reader.lock(), reader.problems, document.file, REMEDY)


def _check(document: TomlFile, scope: Scope) -> None:
    """Check format, interpreter and options.  Raises the errors of `read_poetry`."""
    metadata = value(document.data, "metadata", dict, {})
    if value(metadata, "lock-version", str, "") != "2.1":
        line = document.line_of("lock-version")
        text = "only format 2.1 of poetry.lock can be read: it has the markers of each package"
        raise InvalidFile((Problem(document.file, line, text),), REMEDY)
    wanted = value(metadata, "python-versions", str, "*")
    if not any(map(scope.accepts_python, specifiers(wanted))):
        line = document.line_of("python-versions")
        has = scope.environment["python_full_version"]
        text = f"the base has Python {has}, which python-versions of the lock excludes"
        raise InvalidFile((Problem(document.file, line, text),), REMEDY)
    scope.check_names("extras", value(document.data, "extras", dict, {}), document.file)
    groups = {
        g for p in values(document.data, "package", dict) for g in values(p, "groups", str)
    }
    scope.check_names("groups", groups, document.file)


@attrs.define
class _Reader:
    """Read the packages one by one, and collect pins and problems."""

    document: TomlFile
    scope: Scope
    pins: list[Pin] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    own: set[str] = attrs.field(factory=set)
    sdists: set[str] = attrs.field(factory=set)
    extras: dict[str, set[str]] = attrs.field(factory=dict)

    def read(self) -> None:
        """Read all packages.  Raises Malformed."""
        lines = self.document.lines_of("package")
        for table, line in zip(values(self.document.data, "package", dict), lines, strict=True):
            name = value(table, "name", str)
            try:
                if self.applies(table):
                    self.package(name, table, line)
            except Malformed as fault:
                text = f"{name[:100]}: {fault}"
                self.problems.append(Problem(self.document.file, line, text))

    def applies(self, table: dict[str, Any]) -> bool:
        """Return whether the scope has this package.  Raises Malformed."""
        wanted = {MAIN, *map(canonicalize_name, self.scope.groups)}
        groups = [g for g in values(table, "groups", str) if canonicalize_name(g) in wanted]
        markers = table.get("markers", "")
        if isinstance(markers, dict):
            texts = [value(markers, group, str, "") for group in groups]
        else:
            texts = [value(table, "markers", str, "")] * bool(groups)
        extras = ("", *map(canonicalize_name, self.scope.extras))
        return any(
            not text or any(self.scope.applies(text, extra) for extra in extras)
            for text in texts
        )

    def package(self, name: str, table: dict[str, Any], line: int) -> None:
        """Read one package that applies.  Raises Malformed."""
        for need, extras in _wanted_extras(value(table, "dependencies", dict, {})):
            self.extras.setdefault(need, set()).update(extras)
        source = value(table, "source", dict, {})
        kind = value(source, "type", str, "legacy")
        if kind == "directory":
            folder = folder_of(self.document.file, value(source, "url", str))
            if not self.scope.has_package(folder):
                raise Malformed(f"name its folder {folder[:200]} in the option packages")
            self.own.add(canonicalize_name(name))
            return
        if kind not in ("legacy", "pypi"):
            known = kind if kind in ("git", "url", "file") else "no package index"
            raise Malformed(f"it comes from {known}: {NO_RELEASE}")
        files = values(table, "files", dict)
        hashes = [value(file, "hash", str, "") for file in files]
        pin = make_pin(name, value(table, "version", str), hashes, line)
        self.pins.append(pin)
        if not any(value(file, "file", str, "").endswith(".whl") for file in files):
            self.sdists.add(pin.key)

    def lock(self) -> Lock:
        """Return what was read."""
        pins = (
            attrs.evolve(pin, extras=tuple(sorted(self.extras.get(pin.key, ()))))
            for pin in self.pins
        )
        own, sdists = frozenset(self.own), frozenset(self.sdists)
        content_hash = ContentHash.of(self.document)
        return Lock(tuple(pins), own, sdists, content_hash=content_hash)


def _wanted_extras(needs: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Yield each dependency with the extras that a package wants of it."""
    for name, need in needs.items():
        for each in need if isinstance(need, list) else [need]:
            if isinstance(each, dict):
                extras = {str(canonicalize_name(e)) for e in values(each, "extras", str)}
                yield canonicalize_name(name), extras
