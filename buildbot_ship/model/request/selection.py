"""Validate what a build chooses: extras and dependency groups, and secrets by their id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidRequest
from .smoke import MAX_SECRET

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


def names(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept names as in a ``pyproject.toml``."""
    for item in value:
        if not isinstance(item, str) or not _NAME.fullmatch(item):
            raise InvalidRequest(
                attribute.name, f"{item!r} is not a name (letters, digits, . _ -)"
            )


def secrets(_: object, attribute: Any, value: Mapping[str, str]) -> None:
    """Accept secrets of 1 to `MAX_SECRET` characters by id; never repeat one."""
    for name, secret in value.items():
        if not _ID.fullmatch(name):
            why = f"{name!r} is not the id of a secret (letters, digits, . _ -)"
            raise InvalidRequest(attribute.name, why)
        if not 0 < len(secret) <= MAX_SECRET:
            why = f"the secret {name} has {len(secret)} characters, not 1 to {MAX_SECRET}"
            raise InvalidRequest(attribute.name, why)
