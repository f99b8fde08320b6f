"""Find out by its name whether a file is a lock file, and read it."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from packaging.requirements import Requirement

from ..requirements.lock_names import is_pylock
from ..requirements.text import decode
from ..toml_file import TomlFile
from . import poetry, pylock, uv
from .lock import Lock, Scope

MAX_LINES = 400_000
"""Maximum number of lines: real lock files of a thousand packages have a tenth of them."""


@attrs.frozen
class Format:
    """A format of lock files; *tool* updates it, *remedy* says how a person does.

    *packages* is the name of its array of packages.
    """

    name: str
    tool: str
    remedy: str
    read: Callable[[TomlFile, Scope], Lock]
    has_extras: bool = False
    """Whether the lock itself records the extras of what the application requires."""
    packages: str = "package"


UV = Format("uv.lock", "uv", uv.REMEDY, uv.read_uv, has_extras=True)
POETRY = Format("poetry.lock", "poetry", poetry.REMEDY, poetry.read_poetry)
PYLOCK = Format("pylock.toml", "uv", pylock.REMEDY, pylock.read_pylock, packages="packages")


def format_of(path: str) -> Format | None:
    """Return the format of the lock file at *path*, or None if it is a strict file."""
    if is_pylock(path):
        return PYLOCK
    return {UV.name: UV, POETRY.name: POETRY}.get(path.rpartition("/")[2])


def read_lock(
    data: bytes, path: str, scope: Scope, required: tuple[Requirement, ...] = ()
) -> Lock:
    """Return the pins of the lock file at *path* for *scope*.

    *required* are the requirements of the application: their extras count if the lock does not
    record them.  Raises InvalidFile with every problem, and InvalidRequest.
    """
    kind = format_of(path)
    assert kind is not None  # noqa: S101  # the caller asked
    document = TomlFile.parse(decode(data, path, MAX_LINES), path)
    lock = kind.read(document, scope)
    return lock if kind.has_extras else lock.with_extras(required)
