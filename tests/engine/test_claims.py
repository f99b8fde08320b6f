"""A short form of `tests/soak/run publish`: writers race for a tag on a real registry."""

from __future__ import annotations

import pytest
from lab.runs import Run
from lab.soak.options import SoakOptions
from lab.soak.outcomes import SUCCESS
from lab.soak.publish import WRITERS, soak_publish

ROUNDS = 10


@pytest.mark.row(39)
def test_16_writers_of_16_images_never_overwrite_a_tag_and_report_no_wrong_success(
    lab_run: Run,
) -> None:
    tally = soak_publish(lab_run, SoakOptions("publish", ROUNDS, mixed_every=3))
    assert tally.broken == []
    assert tally.attempts == ROUNDS * WRITERS
    assert tally.outcomes[SUCCESS] > 0
