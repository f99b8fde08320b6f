from __future__ import annotations

import random
from pathlib import Path

import pytest
from lab.soak.collecting.owners import ELSEWHERE, HERE, Owner
from lab.soak.collecting.things import Thing
from lab.soak.options import ROUNDS, SoakOptions, parse_soak
from lab.soak.outcomes import OVERWRITTEN, SUCCESS
from lab.soak.publish import WRITERS, judge
from lab.soak.tally import Tally

from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE


def test_publish_makes_10000_attempts_unless_told_otherwise() -> None:
    assert parse_soak(["publish"]) == SoakOptions("publish", ROUNDS["publish"])
    assert ROUNDS["publish"] * WRITERS == 10_000
    assert parse_soak(["publish", "--rounds", "3"]).rounds == 3


@pytest.mark.parametrize("argv", [[], ["nothing"], ["publish", "--rounds", "0"]])
def test_wrong_arguments_are_refused(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_soak(argv)
    assert "tests/soak/run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("digest", "ended", "held"),
    [
        ("a", [(SUCCESS, "a"), ("TagClaimed", "b")], 2),
        ("a", [(SUCCESS, "a"), (SUCCESS, "a"), ("TagTaken", "b")], 3),
        (None, [("OutputMissing", "a"), ("TagClaimed", "b")], 2),
        ("a", [(SUCCESS, "a"), (SUCCESS, "b")], 1),
        ("a", [(SUCCESS, "a"), (OVERWRITTEN, "b")], 1),
        (None, [(SUCCESS, "a"), ("TagClaimed", "b")], 1),
        ("a", [("TagClaimed", "a"), ("TagClaimed", "b")], 1),
    ],
)
def test_success_is_right_only_for_the_image_that_the_tag_names(
    digest: str | None, ended: list[tuple[str, str]], held: int
) -> None:
    tally = Tally()
    judge(1, digest, ended, tally)
    assert tally.all_held == (held == len(ended))
    *_, last = tally.lines("publish")
    assert last == f"publish: {held} of {len(ended)} held"


def test_nothing_tried_is_nothing_held() -> None:
    assert not Tally().all_held


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
