"""The options of a factory that are about requirements: each step gets those that it has.

They are the options of `HardenRequirements`.  All factories of one repository accept the same
ones, so that its files and options are written down once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base.step import ShipStep
from ..requirements import HardenRequirements

OPTIONS = frozenset(HardenRequirements.request_options)


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options about requirements, and the options of every step."""
    given = {name: value for name, value in options.items() if name in OPTIONS}
    return given, {name: value for name, value in options.items() if name not in OPTIONS}


def options_for(step: type[ShipStep], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options about requirements in *given* that *step* has."""
    return {name: value for name, value in given.items() if name in step.request_options}
