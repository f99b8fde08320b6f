"""Compare the clock of this machine with the clocks of others."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .finding import Finding, ok, problem, skipped, warning

_TOLERATED, _WRONG = 60.0, 600.0
"""Seconds from which on a difference is a warning, and a problem."""
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
_HARM = (
    "tags of bases are timestamps, logins last minutes and certificates have dates, so both "
    "clocks must agree"
)


@attrs.frozen
class Sighting:
    """The clock of *whose* (``registry X``) is *ahead* of ours by so many seconds."""

    whose: str
    ahead: float


def judge_clock(sightings: Sequence[Sighting]) -> list[Finding]:
    """Return the findings about our clock."""
    if not sightings:
        return [skipped("no engine, registry or index told its time")]
    sightings = sorted(sightings, key=lambda seen: seen.whose)
    far = [seen for seen in sightings if abs(seen.ahead) > _TOLERATED]
    if not far:
        names = ", ".join(seen.whose for seen in sightings)
        return [ok(f"the same time as {names}")]
    # If everybody else agrees, it is ours that is wrong.
    alone = len(sightings) > 1 and _spread(sightings) <= _TOLERATED
    return [_judge(seen, ours=alone) for seen in far]


def _spread(sightings: Sequence[Sighting]) -> float:
    ahead = [seen.ahead for seen in sightings]
    return max(ahead) - min(ahead)


def _judge(seen: Sighting, *, ours: bool) -> Finding:
    relation = "behind" if seen.ahead > 0 else "ahead of"
    message = f"this machine's clock is {duration(abs(seen.ahead))} {relation} {seen.whose}"
    machine = "this machine" if ours else "the machine whose clock is wrong"
    remedy = f"set the clock of {machine} over the network: timedatectl set-ntp true"
    return (problem if abs(seen.ahead) > _WRONG else warning)(message, _HARM, remedy)


def duration(seconds: float) -> str:
    """Return a time in its two largest units: ``1 d 2 h``."""
    smallest = 3600.0 if seconds >= 86400 else 60.0 if seconds >= 3600 else 1.0
    seconds = round(seconds / smallest) * smallest
    parts: list[str] = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or parts or unit == "s":
            parts.append(f"{count:.0f} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"
