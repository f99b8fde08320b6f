"""Which of the things that we put into the engine nobody needs any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from ..request import GarbageRequest

CONTAINER, IMAGE, TOOLS = "container", "image", "tools"
HOUR, DAY = 3600.0, 86400.0


@attrs.frozen
class Entry:
    """One line of the ledger; *made* is in seconds since 1970."""

    kind: str
    name: str
    work: str
    build: str
    holder: str
    made: float


def dead(
    entries: Iterable[Entry],
    request: GarbageRequest,
    *,
    work: str,
    build: str,
    now: float,
    alive: Callable[[Entry], bool],
) -> tuple[Entry, ...]:
    """Return what can go.

    A container whose process is dead.  An image of another build in this work folder
    (one build at a time has it), of this build when it finishes, or of any build when it
    is too old.  A tools image that was not used for too long.  A thing from the future
    is as young as one made now: clocks jump.
    """

    def is_dead(entry: Entry) -> bool:
        age = max(0.0, now - entry.made)
        if entry.kind == CONTAINER:
            return not alive(entry)
        if entry.kind == TOOLS:
            return age > request.tools_older_than_days * DAY and not alive(entry)
        if entry.work == work:
            return entry.build != build or request.finish
        return age > request.older_than_hours * HOUR and not alive(entry)

    return tuple(filter(is_dead, entries))
