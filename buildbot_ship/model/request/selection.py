"""Validate the names of extras and dependency groups."""

from __future__ import annotations

import re
from typing import Any

from ...errors import InvalidRequest

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


def names(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    """Accept names as in a ``pyproject.toml``."""
    for item in value:
        if not isinstance(item, str) or not _NAME.fullmatch(item):
            raise InvalidRequest(
                attribute.name, f"{item!r} is not a name (letters, digits, . _ -)"
            )
