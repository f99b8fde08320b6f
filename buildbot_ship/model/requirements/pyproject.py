"""Read the requirements of a ``pyproject.toml``: dependencies, extras, dependency groups.

Formats: https://packaging.python.org/en/latest/specifications/pyproject-toml/ and
https://packaging.python.org/en/latest/specifications/dependency-groups/ (PEP 735).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from packaging.dependency_groups import DependencyGroupResolver
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ...errors import InvalidFile, InvalidRequest, Problem
from ..requirement import Malformed
from ..toml_file import TomlFile, value, values
from .reader import read_requirement
from .text import decode

_FORM = "names, versions, extras and markers, as in klein>=24.8"


@attrs.frozen
class Project:
    """A ``pyproject.toml``.

    Its methods raise InvalidFile, and InvalidRequest for an extra or a group that it lacks.
    """

    document: TomlFile

    @classmethod
    def parse(cls, data: bytes, path: str) -> Project:
        """Parse a file."""
        return cls(TomlFile.parse(decode(data, path), path))

    @property
    def name(self) -> str:
        """Return the canonical name of the project, empty if it has none."""
        return canonicalize_name(self._get(self._project, "name", str, ""))

    @property
    def is_dynamic(self) -> bool:
        """Return whether only the build backend knows the dependencies."""
        fields = self._list(self._project, "dynamic")
        return bool({"dependencies", "optional-dependencies"} & set(fields))

    @property
    def extras(self) -> tuple[str, ...]:
        """Return the names of all extras."""
        return tuple(self._get(self._project, "optional-dependencies", dict, {}))

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the names of all dependency groups."""
        return tuple(self._get(self.document.data, "dependency-groups", dict, {}))

    @property
    def _project(self) -> dict[str, Any]:
        table: dict[str, Any] = self._get(self.document.data, "project", dict, {})
        return table

    def requirements(
        self, extras: Iterable[str] = (), groups: Iterable[str] = ()
    ) -> list[Requirement]:
        """Return the requirements of the project with these extras and groups.

        A requirement on an extra of the project itself counts as that extra.
        """
        found = self._parsed(self._list(self._project, "dependencies"))
        for group in groups:
            found += self._group(group)
        todo, done = [*map(canonicalize_name, extras)], set[str]()
        rest = list[Requirement]()
        while found or todo:
            for requirement in found:
                own = canonicalize_name(requirement.name) == self.name != ""
                todo += map(canonicalize_name, requirement.extras if own else ())
                rest += [] if own else [requirement]
            found = []
            if todo and (extra := todo.pop()) not in done:
                done.add(extra)
                found = self._extra(extra)
        return rest

    def build_requirements(self) -> list[Requirement]:
        """Return what ``build-system.requires`` has."""
        table = self._get(self.document.data, "build-system", dict, {"requires": []})
        return self._parsed(self._list(table, "requires"))

    def line_of(self, requirement: Requirement) -> int:
        """Return the first line that may have this requirement."""
        names = (f'"{requirement.name}', f"'{requirement.name}")
        lines = enumerate(self.document.text.split("\n"), 1)
        return next((n for n, line in lines if any(name in line for name in names)), 1)

    def _extra(self, extra: str) -> list[Requirement]:
        table = self._get(self._project, "optional-dependencies", dict, {})
        for name in table:
            if canonicalize_name(name) == extra:
                return self._parsed(self._list(table, name))
        raise InvalidRequest("extras", f"{self.document.file} has no extra {extra}")

    def _group(self, group: str) -> list[Requirement]:
        table = self._get(self.document.data, "dependency-groups", dict, {})
        if canonicalize_name(group) not in map(canonicalize_name, table):
            raise InvalidRequest("groups", f"{self.document.file} has no group {group}")
        try:
            found = DependencyGroupResolver(table).resolve(group)
        except (Exception, RecursionError):
            # It raises groups of several errors, whose texts quote the file.
            raise self._fault(
                f"the dependency group {group} is invalid: write {_FORM}, or "
                '{include-group = "name"}'
            ) from None
        return self._parsed([str(requirement) for requirement in found])

    def _parsed(self, texts: Iterable[str]) -> list[Requirement]:
        found, problems = list[Requirement](), list[Problem]()
        for text in texts:
            requirement = read_requirement(text, _FORM)
            if isinstance(requirement, str):
                line = self._line_with(text)
                problems.append(Problem(self.document.file, line, requirement))
            else:
                found.append(requirement)
        if problems:
            raise InvalidFile(tuple(problems))
        return found

    def _line_with(self, text: str) -> int:
        lines = enumerate(self.document.text.split("\n"), 1)
        return next((number for number, line in lines if text in line), 1)

    def _list(self, table: dict[str, Any], key: str) -> list[str]:
        try:
            return values(table, key, str)
        except Malformed as fault:
            raise self._fault(str(fault)) from None

    def _get(self, table: dict[str, Any], key: str, kind: type[Any], default: Any) -> Any:
        try:
            return value(table, key, kind, default)
        except Malformed as fault:
            raise self._fault(str(fault)) from None

    def _fault(self, text: str) -> InvalidFile:
        return InvalidFile((Problem(self.document.file, 1, text),))
