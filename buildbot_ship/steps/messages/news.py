"""What a build did that people want to know, from the properties that its steps left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from ...errors import InvalidReference
from ...model.reference import Reference
from ...model.tag import timestamp_of

Properties = Mapping[str, tuple[Any, str]]
"""Each property with its value and its source, as Buildbot has them."""
SHIPPED, PROPOSAL, OLD_BASE = "shipped", "proposal", "old-base"
EVENTS = (SHIPPED, PROPOSAL, OLD_BASE)
_DAY, _WEEK = 86400, 7


@attrs.frozen
class News:
    """One event: a headline, and the lines below it."""

    event: str
    headline: str
    lines: tuple[str, ...]


def news_of(properties: Properties, old_base_days: float, now: datetime) -> tuple[News, ...]:
    """Return all news of a finished build; *now* is an aware time."""
    found = (
        _shipped(properties),
        _proposal(properties),
        _old_bases(properties, old_base_days, now),
    )
    return tuple(news for news in found if news is not None)


def _shipped(properties: Properties) -> News | None:
    """Return which images this build published; `FindPublished` finds those of earlier ones."""
    pushed = _values(properties, "ship_pushed_", "PushTagged")
    if not pushed:
        return None
    lines = [f"{image['reference']}@{image['digest']}" for image in pushed.values()]
    return News(SHIPPED, f"Shipped {', '.join(pushed)}", tuple(lines))


def _proposal(properties: Properties) -> News | None:
    """Return the branch that this build pushed."""
    branch = properties.get("ship_proposal", ("", ""))[0]
    if not branch or "ship_proposal_commit" not in properties:
        return None
    request = properties.get("ship_merge_request", ("", ""))[0]
    lines = (f"Review and merge {request}" if request else f"Review and merge {branch}",)
    return News(PROPOSAL, f"Proposal waiting: {branch}", lines)


def _old_bases(properties: Properties, days: float, now: datetime) -> News | None:
    """Return which bases are older than *days*.

    Those are bases of images that this build published, and bases in FROM lines for which
    `PinBase` found newer ones.  As that step runs every night, the latter are told once a week.
    """
    pushed = _values(properties, "ship_pushed_", "PushTagged")
    images = _values(properties, "ship_image_", "BuildRuntimeImage")
    used = {str(images[name].get("base")) for name in pushed if name in images}
    outdated = set(properties.get("ship_outdated", ({}, ""))[0])
    old = {}
    for base in sorted(used | outdated):
        age = _age(base, now)
        if age is not None and age >= days and (base in used or (age - days) % _WEEK < 1):
            old[base] = age
    if not old:
        return None
    lines = tuple(f"{base} is {age:.0f} days old" for base, age in old.items())
    return News(OLD_BASE, f"Old base: {', '.join(_short(base) for base in old)}", lines)


def _values(properties: Properties, prefix: str, source: str) -> dict[str, dict[str, Any]]:
    """Return the properties of one kind of step, by image."""
    return {
        name.removeprefix(prefix): dict(value)
        for name, (value, by) in sorted(properties.items())
        if name.startswith(prefix) and by == source and isinstance(value, Mapping)
    }


def _age(base: str, now: datetime) -> float | None:
    """Return the age of a base in days, or None if its tag is not the time of an own base."""
    try:
        moment = timestamp_of(Reference.parse(base).tag or "")
    except InvalidReference:
        return None
    return None if moment is None else (now.astimezone(UTC) - moment).total_seconds() / _DAY


def _short(base: str) -> str:
    return Reference.parse(base).repository.path.rpartition("/")[2]
