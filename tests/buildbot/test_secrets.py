"""A short form of `tests/soak/run secrets`: all print their secrets, and none is found."""

from __future__ import annotations

from lab.runs import Run
from lab.soak.options import SoakOptions
from lab.soak.secrets.places import PLACES
from lab.soak.secrets.planted import FORMS, NAMES
from lab.soak.secrets.soak import soak_secrets
from lab.soak.secrets.watch import PLACES as SEEN_PLACES


def test_planted_secrets_are_nowhere(lab_run: Run) -> None:
    tally = soak_secrets(lab_run, SoakOptions("secrets", 1, quick=True))
    assert tally.broken == []
    assert tally.attempts == len((*PLACES, *SEEN_PLACES)) * len(NAMES) * len(FORMS)
