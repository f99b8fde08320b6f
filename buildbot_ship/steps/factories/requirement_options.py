"""The options of a factory: those of every step, and those that are about requirements.

Each step gets those that it has.  The options about requirements are those of
`HardenRequirements`.  All factories of one repository accept the same ones, so that its files
and options are written down once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildbot import config
from buildbot.config import errors as config_errors
from buildbot.config.errors import capture_config_errors

from ..base.step import ShipStep
from ..requirements import HardenRequirements

OPTIONS = frozenset(HardenRequirements.request_options)


def split_options(
    factory: str, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options about requirements, and the options of every step.

    Wrong options of *factory* are reported, and left out.
    """
    right = checked_options(factory, HardenRequirements, options)
    given = {name: value for name, value in right.items() if name in OPTIONS}
    return given, {name: value for name, value in right.items() if name not in OPTIONS}


def checked_options(
    factory: str, step: type[ShipStep], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return *options* of *factory* without wrong ones.

    These are reported once, instead of once for each step of each factory.  *step* has all
    options that the factory may have.
    """
    right = {}
    for name, value in options.items():
        with capture_config_errors() as errors:
            step(**{name: value})
        for error in errors.errors:
            text = error.removeprefix(f"{step.__name__}: ").replace("this step", "its steps")
            text = text.replace(f"{step.__name__} argument", "the option")
            if not _is_reported(text):
                config.error(f"{factory}: {text}")
        if not errors:
            right[name] = value
    return right


def _is_reported(text: str) -> bool:
    # Buildbot has no other access to the errors of the configuration that it loads.
    known = getattr(config_errors, "_errors", None)
    # Another factory may have no option of a similar name.
    fault = text.partition(": did you mean")[0].partition(" (")[0]
    return known is not None and any(f": {fault}" in each for each in known.errors)


def options_for(step: type[ShipStep], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options about requirements in *given* that *step* has."""
    return {name: value for name, value in given.items() if name in step.request_options}
