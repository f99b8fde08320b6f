"""Recognise files by their names: lock files of other tools, and ``pyproject.toml``."""

from __future__ import annotations

PYPROJECT = "pyproject.toml"


def is_pyproject(path: str) -> bool:
    """Return whether *path* names a ``pyproject.toml``."""
    return path.rpartition("/")[2] == PYPROJECT


def is_pylock(path: str) -> bool:
    """Return whether *path* names a lock file of PEP 751."""
    name = path.rpartition("/")[2]
    return name.startswith("pylock.") and name.endswith(".toml") and name.count(".") <= 2


def is_lock(path: str) -> bool:
    """Return whether *path* names a lock file of another tool, not a strict file."""
    return path.rpartition("/")[2] in ("uv.lock", "poetry.lock") or is_pylock(path)
