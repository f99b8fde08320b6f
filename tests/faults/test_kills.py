"""A short form of `tests/soak/run kills`: each part is killed once, at a random moment."""

from __future__ import annotations

import pytest
from lab.soak.kills import PARTS, kills
from lab.soak.tally import Tally

from .scene import Scene

SEED = 2
SECONDS = {False: 4.0}
"""About the length of a build with caches."""


@pytest.mark.short
def test_each_part_is_killed_once_and_nothing_is_lost_or_left(scene: Scene) -> None:
    tally = Tally()
    kills(scene, range(len(PARTS)), SEED, SECONDS, tally)
    assert tally.broken == []
    assert tally.attempts == len(PARTS)
