"""Garbage collection: decide which temporary containers, networks and images are leftovers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from ..request import GarbageRequest

CONTAINER, IMAGE, NETWORK, TOOLS = "container", "image", "network", "tools"
HOUR, DAY = 3600.0, 86400.0


@attrs.frozen
class Entry:
    """One line of the ledger; *made* is the creation time in seconds since 1970."""

    kind: str
    name: str
    work: str
    build: str
    holder: str
    made: float


def find_leftovers(
    entries: Iterable[Entry],
    request: GarbageRequest,
    *,
    work: str,
    build: str,
    now: float,
    alive: Callable[[Entry], bool],
) -> tuple[Entry, ...]:
    """Return the entries that can be removed:

    - containers and networks whose process is dead,
    - images of other builds in this work folder, because one build at a time uses it,
    - images of this build when it finishes,
    - images of any build that are too old,
    - tools images that were not used for too long.

    A creation time in the future counts as now, because clocks may jump.
    """

    def is_dead(entry: Entry) -> bool:
        age = max(0.0, now - entry.made)
        if entry.kind in (CONTAINER, NETWORK):
            return not alive(entry)
        if entry.kind == TOOLS:
            return age > request.tools_older_than_days * DAY and not alive(entry)
        if entry.work == work:
            return entry.build != build or request.finish
        return age > request.older_than_hours * HOUR and not alive(entry)

    return tuple(filter(is_dead, entries))
