"""Read ``uv.lock``: walk from the application over its dependencies.

Format: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile, version 1.  A package
has no marker: the dependencies have, so the walk evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import attrs
from packaging.utils import canonicalize_name

from ...errors import InvalidFile, Problem
from ..requirement import Malformed
from ..requirements.reader import Pin, make_pin
from ..toml_file import TomlFile, value, values
from .lock import NO_RELEASE, Lock, Scope, finish, folder_of

REMEDY = "run uv lock, review its changes, and commit"
VERSION = 1
_LOCAL = ("editable", "virtual", "directory")


@attrs.frozen
class _Package:
    """One ``[[package]]``: *folder* is that of a local package, else None."""

    table: dict[str, Any]
    line: int
    file: str

    @property
    def name(self) -> str:
        return value(self.table, "name", str)

    @property
    def version(self) -> str:
        return value(self.table, "version", str, "")

    @property
    def source(self) -> dict[str, Any]:
        return value(self.table, "source", dict)

    @property
    def folder(self) -> str | None:
        paths = [value(self.source, kind, str) for kind in _LOCAL if kind in self.source]
        return folder_of(self.file, paths[0]) if paths else None

    def needs(self, extra: str) -> list[dict[str, Any]]:
        """Return the dependencies of this package, or of one of its extras or groups."""
        if not extra:
            return values(self.table, "dependencies", dict)
        found: list[dict[str, Any]] = []
        for key in ("optional-dependencies", "dev-dependencies"):
            tables = value(self.table, key, dict, {})
            for name in tables:
                if f"{key}:{canonicalize_name(name)}" == extra:
                    found += values(tables, name, dict)
        return found

    def names_of(self, key: str) -> set[str]:
        """Return the canonical names of its extras or groups."""
        return {canonicalize_name(name) for name in value(self.table, key, dict, {})}

    def pin(self, extras: set[str]) -> Pin:
        """Return this package as a pin with the hashes of all its files.  Raises Malformed."""
        if "registry" not in self.source:
            kind = next((kind for kind in ("git", "url", "path") if kind in self.source), "")
            raise Malformed(f"it comes from {kind or 'no package index'}: {NO_RELEASE}")
        files = values(self.table, "wheels", dict)
        files += [value(self.table, "sdist", dict)] if "sdist" in self.table else []
        hashes = [value(file, "hash", str, "") for file in files]
        return make_pin(self.name, self.version, hashes, self.line, sorted(extras))


@attrs.define
class _Walk:
    """The packages that were reached, with their extras, and the problems."""

    document: TomlFile
    scope: Scope
    reached: dict[int, set[str]] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    @cached_property
    def packages(self) -> list[_Package]:
        tables = values(self.document.data, "package", dict)
        lines = self.document.lines_of("package")
        return [
            _Package(table, line, self.document.file)
            for table, line in zip(tables, lines, strict=True)
        ]

    @cached_property
    def by_name(self) -> dict[str, list[_Package]]:
        found: dict[str, list[_Package]] = {}
        for package in self.packages:
            found.setdefault(package.name, []).append(package)
        return found

    def roots(self) -> list[_Package]:
        """Return the packages of the application."""
        top = folder_of(self.document.file, ".")
        local = [package for package in self.packages if package.folder is not None]
        named = [p for p in local if p.folder and self.scope.has_package(p.folder)]
        at_top = [p for p in local if p.folder == top and p not in named]
        return named + [p for p in at_top if not named or "virtual" in p.source]

    def walk(self, roots: list[_Package]) -> None:
        """Reach all dependencies of *roots*."""
        kinds = {"optional-dependencies": self.scope.extras}
        kinds["dev-dependencies"] = self.scope.groups
        more = [
            f"{kind}:{canonicalize_name(n)}" for kind, names in kinds.items() for n in names
        ]
        todo = [(root, extra) for root in roots for extra in ("", *more)]
        done = {(root.line, id(root), extra) for root, extra in todo}
        while todo:
            package, extra = todo.pop()
            self.reached.setdefault(id(package), set())
            for target, wanted in self.targets(package, extra):
                self.reached.setdefault(id(target), set()).update(wanted)
                for each in ("", *(f"optional-dependencies:{name}" for name in wanted)):
                    if (target.line, id(target), each) not in done:
                        done.add((target.line, id(target), each))
                        todo.append((target, each))

    def targets(self, package: _Package, extra: str) -> Iterator[tuple[_Package, list[str]]]:
        """Yield each dependency that applies, with its extras."""
        try:
            for need in package.needs(extra):
                marker = value(need, "marker", str, "")
                if marker and "extra" in marker:
                    raise Malformed("it depends on conflicting extras or groups of uv")
                if not marker or self.scope.applies(marker):
                    extras = map(canonicalize_name, values(need, "extra", str))
                    yield self.find(need), sorted(extras)
        except Malformed as fault:
            self.fault(package, str(fault))

    def find(self, need: dict[str, Any]) -> _Package:
        """Return the package that a dependency names.  Raises Malformed."""
        name = value(need, "name", str)
        found = self.by_name.get(name, [])
        for key in ("version", "source"):
            if key in need:
                found = [p for p in found if p.table.get(key) == need[key]]
        if len(found) != 1:
            known = "is not in the lock" if not found else "is ambiguous"
            raise Malformed(f"it depends on {name[:100]}, which {known}")
        return found[0]

    def fault(self, package: _Package, text: str) -> None:
        """Record a problem of *package*."""
        self.problems.append(
            Problem(self.document.file, package.line, f"{package.name[:100]}: {text}")
        )

    def pins(self, roots: list[_Package]) -> Iterator[Pin]:
        """Yield the pins of the packages that were reached, in the order of the file."""
        for package in self.packages:
            if id(package) not in self.reached:
                continue
            try:
                folder = package.folder
                if folder is None:
                    yield package.pin(self.reached[id(package)])
                elif package not in roots and "virtual" not in package.source:
                    raise Malformed(f"name its folder {folder} in the option packages")
            except Malformed as fault:
                self.fault(package, str(fault))


def read_uv(document: TomlFile, scope: Scope) -> Lock:
    """Return the pins of ``uv.lock`` for *scope*.  Raises InvalidFile, InvalidRequest."""
    walk = _Walk(document, scope)
    try:
        roots = _checked_roots(walk)
        walk.walk(roots)
        pins = tuple(walk.pins(roots))
        own = frozenset(
            canonicalize_name(p.name) for p in walk.packages if p.folder is not None
        )
        wheels = {p.name for p in walk.packages if values(p.table, "wheels", dict)}
        sdists = frozenset(pin.key for pin in pins if pin.name not in wheels)
        lock = Lock(pins, own, sdists, _declared(roots))
    except Malformed as fault:
        raise InvalidFile((Problem(document.file, 1, str(fault)),), REMEDY) from None
    return finish(lock, walk.problems, document.file, REMEDY)


def _checked_roots(walk: _Walk) -> list[_Package]:
    """Return the packages of the application.  Raises what `read_uv` does, Malformed."""
    document, scope = walk.document, walk.scope
    version = value(document.data, "version", int)
    if version != VERSION:
        raise Malformed(f"it has format {version}; format {VERSION} of uv.lock can be read")
    if not scope.accepts_python(value(document.data, "requires-python", str, "")):
        line = document.line_of("requires-python")
        has = scope.environment["python_full_version"]
        text = f"the base has Python {has}, which requires-python of the lock excludes"
        raise InvalidFile((Problem(document.file, line, text),), REMEDY)
    roots = walk.roots()
    if not roots:
        raise Malformed("no package of the lock is in the folders of the option packages")
    for option, key in (("extras", "optional-dependencies"), ("groups", "dev-dependencies")):
        known = set().union(*(root.names_of(key) for root in roots))
        scope.check_names(option, known, document.file)
    return roots


def _declared(roots: list[_Package]) -> frozenset[str]:
    """Return what the project files required when the lock was made."""
    found: list[dict[str, Any]] = []
    for root in roots:
        metadata = value(root.table, "metadata", dict, {})
        found += values(metadata, "requires-dist", dict)
        groups = value(metadata, "requires-dev", dict, {})
        for name in groups:
            found += values(groups, name, dict)
    return frozenset(canonicalize_name(value(need, "name", str)) for need in found)
