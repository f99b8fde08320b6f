"""The judges of the soaks `kills` and `load`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from lab.soak.kills import Killed, judge
from lab.soak.load import judge_request, resident
from lab.soak.options import parse_soak
from lab.soak.tally import Tally


def test_the_rounds_of_kills_can_go_on_later() -> None:
    options = parse_soak(["kills", "--rounds", "25", "--first", "50", "--seed", "7"])
    assert (options.rounds, options.first, options.seed) == (25, 50, 7)
    assert parse_soak(["kills"]).rounds == 300
    assert parse_soak(["load"]).rounds == 200


KILLED = Killed("worker", ["RETRY", "SUCCESS"], "", "a", ["a"], [])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"tries": ["SUCCESS"]}, ""),
        ({"tries": []}, "no build"),
        ({"tries": ["FAILURE"], "said": "no engine"}, "FAILURE: no engine"),
        ({"tries": ["RETRY"] * 4 + ["SUCCESS"]}, "RETRY RETRY RETRY RETRY SUCCESS"),
        ({"tag": None, "ever": []}, "success, but there is no tag"),
        ({"ever": ["a", "b"]}, "the tag named a, b"),
        ({"left": ["ship-wheels-1"]}, "left in the engine: ship-wheels-1"),
    ],
)
def test_a_killed_part_loses_nothing_and_leaves_nothing(
    change: dict[str, Any], why: str
) -> None:
    tally = Tally()
    judge("round 1", replace(KILLED, **change), tally)
    assert [line for line in tally.broken if why in line] == tally.broken
    assert bool(tally.broken) == bool(why)
    assert tally.attempts == 1


@pytest.mark.parametrize(
    ("results", "held"), [([0], True), ([], False), ([0, 0], False), ([2], False), ([5], False)]
)
def test_a_queued_build_ends_once(results: list[int], held: bool) -> None:
    tally = Tally()
    judge_request(1, [{"results": result} for result in results], tally)
    assert tally.all_held == held


def test_the_memory_of_a_process_is_read() -> None:
    assert 1024**2 < resident(os.getpid()) < 8 * 1024**3
