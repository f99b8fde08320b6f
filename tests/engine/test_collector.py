"""A short form of `tests/soak/run collector`: the collector beside builds and forgers."""

from __future__ import annotations

import pytest
from lab.engine import Engine
from lab.runs import Run
from lab.soak.collecting.soak import soak_collector
from lab.soak.options import SoakOptions

ROUNDS = 12


@pytest.mark.row(19)
@pytest.mark.row(34)
def test_the_collector_removes_what_the_dead_left_and_nothing_else(
    engine: Engine, lab_run: Run
) -> None:
    tally = soak_collector(lab_run, SoakOptions("collector", ROUNDS))
    assert tally.broken == []
    for what in ("dead, removed", "dead, kept", "living, kept", "foreign, kept", "planned"):
        assert tally.outcomes[what] > ROUNDS / 2, tally.outcomes
