"""The goals of the project, most as ratios within one run, and whether a run meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.bench.figures import (
    ARTICLE,
    BASE_COPY,
    BUILD,
    COLD,
    DEPS_FIRST,
    HARDEN,
    HARDEN_AGAIN,
    NAIVE,
    NO_CHANGE,
    ONE_DEPENDENCY,
    ONE_LINE,
    UV,
    VERBS,
    Figure,
    find,
)

BEST = "the best Dockerfile"
DOCKERFILES = (NAIVE, DEPS_FIRST)
SECONDS, SENT, START, IMAGE = "seconds", "bytes_sent", "start_seconds", "image_bytes"
WORDS = {
    SECONDS: "time",
    SENT: "bytes sent",
    START: "start to first answer",
    IMAGE: "compressed image",
}


@dataclass(frozen=True)
class Goal:
    """A measure of ours is at most *limit*: times another flow's, or seconds or bytes."""

    situation: str
    flow: str
    measure: str
    limit: float
    against: str = ""

    @property
    def text(self) -> str:
        """Return the goal in words."""
        of = f" of {self.against}" if self.against else ""
        return f"{self.situation}, {self.flow}: {WORDS[self.measure]} at most {self._limit}{of}"

    @property
    def _limit(self) -> str:
        if not self.against:
            seconds = self.measure == SECONDS
            return f"{self.limit:g} s" if seconds else f"{self.limit / 1000:.0f} KB"
        parts = 1 / self.limit
        whole = self.limit <= 0.5 and parts == round(parts)
        return f"1/{round(parts)}" if whole else f"{self.limit:g}"


GOALS = (
    Goal(COLD, VERBS, SECONDS, 0.6, ARTICLE),
    Goal(COLD, VERBS, SECONDS, 1.3, BEST),
    Goal(NO_CHANGE, VERBS, SECONDS, 1 / 40, ARTICLE),
    Goal(NO_CHANGE, VERBS, SENT, 4_000),
    Goal(NO_CHANGE, VERBS, SECONDS, 1.0, BEST),
    Goal(NO_CHANGE, BUILD, SECONDS, 1 / 10, ARTICLE),
    Goal(ONE_LINE, VERBS, SECONDS, 1 / 12, ARTICLE),
    Goal(ONE_LINE, VERBS, SENT, 16_000),
    Goal(ONE_LINE, VERBS, SECONDS, 1 / 2, BEST),
    Goal(ONE_LINE, VERBS, SENT, 1.0, BEST),
    Goal(ONE_LINE, BUILD, SECONDS, 1 / 6, ARTICLE),
    Goal(COLD, VERBS, START, 1 / 5, ARTICLE),
    Goal(COLD, VERBS, START, 1.0, BEST),
    Goal(BASE_COPY, VERBS, SECONDS, 1 / 10, ARTICLE),
    Goal(COLD, VERBS, SECONDS, 0.7, UV),
    Goal(ONE_DEPENDENCY, VERBS, SECONDS, 1 / 4, UV),
    Goal(ONE_LINE, VERBS, SECONDS, 0.33, UV),
    Goal(NO_CHANGE, VERBS, SECONDS, 0.33, UV),
    Goal(ONE_LINE, BUILD, SECONDS, 1.0, UV),
    Goal(ONE_LINE, VERBS, SENT, 0.75, UV),
    Goal(COLD, VERBS, IMAGE, 1.0, UV),
    Goal(COLD, VERBS, START, 0.45, UV),
    Goal(HARDEN, VERBS, SECONDS, 5.0),
    Goal(HARDEN_AGAIN, VERBS, SECONDS, 2.0),
)


@dataclass(frozen=True)
class Verdict:
    """What was measured for a goal: the ratio, or the amount; None where nothing was.

    *beside* is the ratio against uv for a goal in seconds, since machines differ.
    """

    goal: Goal
    measured: float | None
    beside: float | None = None

    @property
    def met(self) -> bool | None:
        """Say whether the goal is met, None where it was not measured."""
        return None if self.measured is None else self.measured <= self.goal.limit


def verdicts(figures: Sequence[Figure]) -> list[Verdict]:
    """Hold a run against every goal."""
    return [Verdict(goal, _measured(goal, figures), _beside(goal, figures)) for goal in GOALS]


def ratio(
    figures: Sequence[Figure], flow: str, situation: str, measure: str, against: str
) -> float | None:
    """Return a flow's measure as a part of another's in the same situation."""
    ours = _value(figures, flow, situation, measure)
    theirs = other(figures, situation, measure, against)
    return ours / theirs if ours is not None and theirs else None


def other(
    figures: Sequence[Figure], situation: str, measure: str, against: str
) -> float | None:
    """Return what a flow is compared with: a flow's measure, or the least of Dockerfiles."""
    flows = DOCKERFILES if against == BEST else (against,)
    values = (_value(figures, flow, situation, measure) for flow in flows)
    return min((value for value in values if value is not None), default=None)


def _measured(goal: Goal, figures: Sequence[Figure]) -> float | None:
    if goal.against:
        return ratio(figures, goal.flow, goal.situation, goal.measure, goal.against)
    return _value(figures, goal.flow, goal.situation, goal.measure)


def _beside(goal: Goal, figures: Sequence[Figure]) -> float | None:
    if goal.against or goal.measure != SECONDS:
        return None
    return ratio(figures, goal.flow, goal.situation, goal.measure, UV)


def _value(figures: Sequence[Figure], flow: str, situation: str, measure: str) -> float | None:
    figure = find(figures, flow, situation)
    value = None if figure is None else getattr(figure, measure)
    return None if value is None else float(value)
