"""What the soak `collector` asks of the collector."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from lab.soak.collecting.owners import ELSEWHERE, HERE, Owner
from lab.soak.collecting.things import Thing
from lab.soak.options import SoakOptions, parse_soak

from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE


def test_the_collector_runs_1000_rounds_unless_told_otherwise() -> None:
    assert parse_soak(["collector"]) == SoakOptions("collector", 1000)


@pytest.mark.parametrize(
    ("kind", "work", "old", "alive", "hours", "goes"),
    [
        (CONTAINER, ELSEWHERE, False, False, 24, True),
        (CONTAINER, HERE, True, True, 0, False),
        (IMAGE, HERE, False, False, 24, True),
        (IMAGE, HERE, True, True, 0, False),
        (IMAGE, ELSEWHERE, False, False, 24, False),
        (IMAGE, ELSEWHERE, True, False, 24, True),
        (IMAGE, ELSEWHERE, False, False, 0, True),
    ],
)
def test_the_dead_must_go_when_their_lease_is_over(
    *, kind: str, work: str, old: bool, alive: bool, hours: int, goes: bool
) -> None:
    thing = Thing.new(kind)
    owner = Owner(Path(), "build", work, old, alive, [thing], 2)
    assert owner.must_go(thing, hours) is goes


def test_a_round_can_be_repeated() -> None:
    one, other = (
        [Owner.choose(random.Random(7), Path(), "b") for _ in range(5)]  # noqa: S311
        for _ in range(2)
    )
    for first, second in zip(one, other, strict=True):
        assert (first.steps, first.alive, first.old, first.work) == (
            *(second.steps, second.alive, second.old, second.work),
        )
        assert [thing.kind for thing in first.things] == [t.kind for t in second.things]
