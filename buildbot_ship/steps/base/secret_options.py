"""Find secrets of Buildbot in the options of steps, where they would become visible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildbot.process.properties import Interpolate, Property, Secret

from .option_check import is_renderable


def uses_secret(value: Any, if_unknown: bool = False) -> bool:
    """Return whether *value* uses a secret of Buildbot at any depth.

    For a renderable that cannot be read before it is rendered, return *if_unknown*.
    """
    if isinstance(value, Mapping):
        return any(uses_secret(each, if_unknown) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(uses_secret(each, if_unknown) for each in value)
    if isinstance(value, Secret):
        return True
    if isinstance(value, Interpolate):
        parts = (value.args, value.kwargs)
        return "secret:" in value.fmtstring or any(map(uses_secret, parts))
    if isinstance(value, Property) or not is_renderable(value):
        return False
    return if_unknown
