"""Read JSON that others wrote: registries, containers, Docker, and killed processes."""

from __future__ import annotations

import json
from typing import Any


def read_json(text: bytes | str) -> Any:
    """Return the JSON value in *text*.

    Raises ValueError if it is not JSON, has NaN or Infinity, or is nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_object(text: bytes | str) -> dict[str, Any]:
    """Return the JSON object in *text*.  Raises ValueError if it is none."""
    value = read_json(text)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
