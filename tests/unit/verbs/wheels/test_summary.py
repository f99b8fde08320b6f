"""How the wheels of a commit are counted."""

from __future__ import annotations

import pytest

from buildbot_ship.model.application.wheel_plan import WheelsPlan
from buildbot_ship.model.artefact import Wheel, Wheelhouse
from buildbot_ship.model.reference import digest_of
from buildbot_ship.verbs.wheels.wheel_set import WheelSet
from buildbot_ship.verbs.wheels.wheels import _result

COMMIT = "0123456789" * 4


def wheel(number: int) -> Wheel:
    file = f"a{number}-1-py3-none-any.whl"
    return Wheel(file, digest_of(file.encode()), 500_000, built=False)


@pytest.mark.parametrize(
    ("made", "summary"),
    [
        ({}, "4 wheels, all known, 2.0 MB"),
        ({"built": 1}, "4 wheels, 1 built, 3 known, 2.0 MB"),
        ({"built": 1, "downloaded": 3}, "4 wheels, 1 built, 3 downloaded, 2.0 MB"),
        (
            {"built": 1, "repacked": (0,), "downloaded": 1},
            "4 wheels, 1 built, 1 repacked, 1 downloaded, 1 known, 2.0 MB",
        ),
    ],
)
def test_every_wheel_is_counted_once(made: dict[str, object], summary: str) -> None:
    wheels = tuple(map(wheel, range(4)))
    wheelhouse = Wheelhouse(COMMIT, "a:1", "", wheels, "key", {})
    plan = WheelsPlan.__new__(WheelsPlan)
    complete = WheelSet(plan, wheels, {}, **made)  # type: ignore[arg-type]
    assert _result(wheelhouse, complete).summary == summary


def test_a_commit_without_wheels_has_none() -> None:
    wheelhouse = Wheelhouse(COMMIT, "a:1", "", (), "key", {})
    plan = WheelsPlan.__new__(WheelsPlan)
    assert _result(wheelhouse, WheelSet(plan, (), {})).summary == "0 wheels, 0.0 KB"
