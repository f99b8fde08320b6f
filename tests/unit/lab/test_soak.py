from __future__ import annotations

import pytest
from lab.soak.options import ROUNDS, SoakOptions, parse_soak
from lab.soak.outcomes import OVERWRITTEN, SUCCESS
from lab.soak.publish import WRITERS, judge
from lab.soak.tally import Tally


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
