"""Compute the digest with which Poetry notices that a project changed since it was locked.

``poetry.lock`` has it as ``content-hash``.  It covers the dependencies, extras, groups and
sources of ``pyproject.toml``, also those in Poetry's own syntax.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from ..toml_file import TomlFile

OLD_TABLES = ("dependencies", "source", "extras", "dev-dependencies")
"""The tables of ``tool.poetry`` that count as null if they are absent, without a project."""
PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")
GROUPS = "dependency-groups"
NEWEST = (2, 5)
"""The newest Poetry whose digest is known."""
_WRITER = re.compile(r"\A#.{0,80}\bPoetry (\d+)\.(\d+)")


@attrs.frozen
class ContentHash:
    """The digest in a lock, and its line.

    *known* is false if a newer Poetry wrote the lock, whose digest may cover more.
    """

    digest: str
    line: int
    known: bool = True

    @classmethod
    def of(cls, document: TomlFile) -> ContentHash | None:
        """Return the digest in ``poetry.lock``, or None if it has none."""
        metadata = document.data.get("metadata")
        digest = metadata.get("content-hash") if isinstance(metadata, dict) else None
        if not isinstance(digest, str):
            return None
        writer = _WRITER.match(document.text)
        known = writer is None or tuple(map(int, writer.groups())) <= NEWEST
        return cls(digest, document.line_of("content-hash"), known)

    def fits(self, project: Mapping[str, Any]) -> bool:
        """Return whether the lock is that of *project*, the data of its ``pyproject.toml``."""
        return not self.known or self.digest in set(_digests(project))


def _digests(project: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digest of each generation of Poetry: 1, 2.0 to 2.1, and 2.2."""
    tool, main = _table(_table(project, "tool"), "poetry"), _table(project, "project")
    main = {key: main[key] for key in PROJECT_KEYS if key in main}
    alone: dict[str, Any] = dict.fromkeys(OLD_TABLES)
    own = {key: tool[key] for key in (*OLD_TABLES, "group") if key in tool}
    yield _digest({**alone, **own})
    for groups in ({}, _table(project, GROUPS)):
        standard = {"project": main, GROUPS: groups}
        chosen: dict[str, Any] = {key: table for key, table in standard.items() if table}
        if chosen:
            yield _digest({**chosen, "tool": {"poetry": own}})


def _table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _digest(content: Mapping[str, Any]) -> str:
    # Poetry has no dates here; a text for one makes a digest that fits no lock.
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
