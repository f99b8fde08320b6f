"""The plan of a garbage collection: what the engine says of each verdict, as lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from ...daemon.interface import Owned
from ...model.decision.garbage import CONTAINER, NETWORK, Entry, Verdict

CREATION_SECONDS = 60
"""How long a request to create something may take; its entry is kept at least as long."""
NOT_OURS = "the ledger names it, but it is not the one that we made"
UNLISTED = "it has our label, but no entry in the ledger"
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))


def may_be_created(verdict: Verdict) -> bool:
    """Return whether the engine may still create what the entry of *verdict* names."""
    return verdict.entry.kind in (CONTAINER, NETWORK) and verdict.age < CREATION_SECONDS


def confirm(verdicts: Iterable[Verdict], owned: Owned) -> tuple[Verdict, ...]:
    """Return the verdicts as they are once the engine was asked what it has.

    What has our label and no entry in the ledger stays, and has a verdict too.
    """
    confirmed = [_confirm(verdict, owned) for verdict in verdicts]
    listed = {verdict.entry.name for verdict in confirmed}
    for kind, name in owned.labelled():
        if name not in listed:
            unlisted = Entry(kind, name, "", "", "", 0.0)
            confirmed.append(Verdict(unlisted, False, UNLISTED, -1.0))
    return tuple(confirmed)


def _confirm(verdict: Verdict, owned: Owned) -> Verdict:
    if not verdict.goes:
        return verdict
    ours = owned.owns(verdict.entry)
    if ours:
        return verdict
    if ours is False:
        return attrs.evolve(verdict, goes=False, why=NOT_OURS)
    why = "the engine may still create it" if may_be_created(verdict) else "it is gone already"
    return attrs.evolve(verdict, goes=False, why=why)


def plan_lines(
    verdicts: Iterable[Verdict], files: Iterable[Path], surplus: int
) -> Iterator[str]:
    """Yield a line for each object: goes or stays, kind, name, age, reason.

    *files* of the work folder go, and *surplus* bytes of the cache.
    """
    for each in verdicts:
        verb = "goes " if each.goes else "stays"
        name, age = each.entry.name, format_age(each.age)
        yield f"{verb}  {each.entry.kind:<9}  {name}  {age}  {each.why}"
    for path in files:
        yield f"goes   {'file':<9}  {path}  nobody uses it"
    if surplus:
        yield f"goes   {'cache':<9}  the least recently used {surplus / 1e6:.1f} MB"


def format_age(seconds: float) -> str:
    """Return an age as in ``3.5 h``; ``?`` if it is negative, which means unknown."""
    if seconds < 0:
        return "?"
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
