"""What is measured, and the medians of it, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

ARTICLE, NAIVE, DEPS_FIRST, UV = "article", "naive", "deps-first", "uv"
VERBS, BUILD = "ship-verbs", "ship-build"
VERBS_SMOKE, BUILD_SMOKE = "ship-verbs-smoke", "ship-build-smoke"
FLOWS = (ARTICLE, NAIVE, DEPS_FIRST, UV, VERBS, BUILD, VERBS_SMOKE, BUILD_SMOKE)
COLD, NO_CHANGE, ONE_LINE, ONE_DEPENDENCY = "cold", "no-change", "one-line", "one-dependency"
SITUATIONS = (COLD, NO_CHANGE, ONE_LINE, ONE_DEPENDENCY)
BASE_COPY, BASE_NEWS = "base-copy", "base-news"
HARDEN, HARDEN_AGAIN = "harden", "harden-again"
HARDENINGS = (HARDEN, HARDEN_AGAIN)
ALL_SITUATIONS = (*SITUATIONS, BASE_COPY, BASE_NEWS, *HARDENINGS)
COPIERS = (ARTICLE, VERBS)
HARDENERS = (UV, VERBS)


@dataclass(frozen=True)
class Figure:
    """One flow in one situation; what it does not make is 0, or None for the start.

    `seconds` from the command to the published image, `bytes_sent` to the registry as a
    proxy before it counts them, `image_bytes` compressed, config and layers,
    `start_seconds` from `docker run` to the first answer over HTTP.
    """

    flow: str
    situation: str
    seconds: float
    bytes_sent: int
    image_bytes: int
    start_seconds: float | None = None


def medians(figures: Iterable[Figure]) -> list[Figure]:
    """Return one figure for each flow and situation: the median of each of its numbers."""
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.situation, figure.flow), []).append(figure)
    return [
        _median(groups[situation, flow])
        for situation in ALL_SITUATIONS
        for flow in FLOWS
        if (situation, flow) in groups
    ]


def to_json(figures: Sequence[Figure]) -> str:
    """Return figures as a list of objects."""
    return json.dumps([asdict(figure) for figure in figures], indent=1) + "\n"


def from_json(text: str) -> list[Figure]:
    """Return the figures of `to_json`.  Raises ValueError when it is something else."""
    try:
        rows: list[dict[str, Any]] = json.loads(text)
        return [Figure(**row) for row in rows]
    except TypeError as error:
        raise ValueError(f"this is no list of figures: {error}") from None


def find(figures: Iterable[Figure], flow: str, situation: str) -> Figure | None:
    """Return the figure of one flow in one situation, if it was measured."""
    wanted = (flow, situation)
    return next((each for each in figures if (each.flow, each.situation) == wanted), None)


def _median(group: Sequence[Figure]) -> Figure:
    starts = [each.start_seconds for each in group if each.start_seconds is not None]
    return Figure(
        group[0].flow,
        group[0].situation,
        round(median(each.seconds for each in group), 3),
        round(median(each.bytes_sent for each in group)),
        round(median(each.image_bytes for each in group)),
        round(median(starts), 3) if starts else None,
    )
