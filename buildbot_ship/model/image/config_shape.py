"""Check the types in the config of an image, which may come from any registry or engine.

Format: https://github.com/opencontainers/image-spec/blob/main/config.md, with Docker's
additions.  Engines write null for what is not set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...errors import InvalidReference
from ..reference import check_digest


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_history(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_object, value))


Shape = Mapping[str, Callable[[Any], bool]]
_TOP: Shape = {
    "architecture": _is_text,
    "os": _is_text,
    "created": _is_text,
    "config": _is_object,
    "rootfs": _is_object,
    "history": _is_history,
}
_RUN: Shape = {
    "User": _is_text,
    "WorkingDir": _is_text,
    "StopSignal": _is_text,
    "Env": _is_texts,
    "Cmd": _is_texts,
    "Entrypoint": _is_texts,
    "Shell": _is_texts,
    "OnBuild": _is_texts,
    "Labels": _is_labels,
    "ExposedPorts": _is_object,
    "Volumes": _is_object,
    "Healthcheck": _is_object,
}


def find_fault(config: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the types in *config*, or None."""
    for part, shape in ((config, _TOP), (config.get("config"), _RUN)):
        for name, fits in shape.items():
            value = part.get(name) if isinstance(part, Mapping) else None
            if value is not None and not fits(value):
                return f"its config has an invalid {name}"
    diff_ids = (config.get("rootfs") or {}).get("diff_ids")
    if not isinstance(diff_ids, list) or not all(map(_is_digest, diff_ids)):
        return "its config has no valid diff_ids"
    return None


def _is_digest(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(check_digest(value))
    except InvalidReference:
        return False
