"""Read TOML files of a repository: values by kind, and the lines of tables.

`tomllib` reports no lines.  Lock files are written by tools, with one ``[[package]]`` header
for each package, so the line of a package is that of its header.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from ..errors import InvalidFile, Problem
from .requirement import Malformed

T = TypeVar("T")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@attrs.frozen
class TomlFile:
    """The *data* of a TOML file, and its *text*."""

    file: str
    text: str = attrs.field(repr=False)
    data: dict[str, Any] = attrs.field(repr=False)

    @classmethod
    def parse(cls, text: str, file: str) -> TomlFile:
        """Parse *text*.  Raises InvalidFile."""
        try:
            return cls(file, text, tomllib.loads(text))
        except RecursionError:
            problem = Problem(file, 1, "its values are nested too deeply for a TOML file")
        except ValueError as error:
            found = _AT_LINE.search(str(error))
            line = int(found[1]) if found else text.count("\n") + (not text.endswith("\n"))
            problem = Problem(file, max(line, 1), "this is not TOML")
        raise InvalidFile((problem,)) from None

    def lines_of(self, name: str) -> list[int]:
        """Return the line of each ``[[name]]``, or 1 for each if the file is not written so."""
        header = f"[[{name}]]"
        lines = enumerate(self.text.split("\n"), 1)
        found = [number for number, line in lines if line.strip() == header]
        tables = self.data.get(name)
        count = len(tables) if isinstance(tables, list) else 0
        return found if len(found) == count else [1] * count

    def line_of(self, start: str) -> int:
        """Return the first line that begins with *start*, else 1."""
        lines = enumerate(self.text.split("\n"), 1)
        return next((number for number, line in lines if line.startswith(start)), 1)


def value(table: Mapping[str, Any], key: str, kind: type[T], default: T | None = None) -> T:
    """Return ``table[key]``, which must be a *kind*, or *default*.  Raises Malformed."""
    found = table.get(key, default)
    if not isinstance(found, kind) or isinstance(found, bool) is not (kind is bool):
        names = {str: "text", list: "a list", dict: "a table", int: "a number", bool: "a bool"}
        raise Malformed(f"{key} is not {names[kind]}")
    return found


def values(table: Mapping[str, Any], key: str, kind: type[T]) -> list[T]:
    """Return the list ``table[key]`` of items of one *kind*, empty if absent."""
    found = value(table, key, list, [])
    if not all(isinstance(item, kind) for item in found):
        raise Malformed(f"{key} has an item of the wrong kind")
    return found
