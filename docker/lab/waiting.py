"""Waiting for an answer, within a bound."""

from __future__ import annotations

import time
from collections.abc import Callable

from lab.errors import LabError

POLL_SECONDS = 0.05


def wait_until(
    ready: Callable[[], bool],
    timeout: float,
    what: str,
    *,
    alive: Callable[[], bool] = lambda: True,
    explain: Callable[[], str] = str,
) -> None:
    """Wait for an answer; fail with an explanation when its giver dies or takes too long."""
    deadline = time.monotonic() + timeout
    while not ready():
        if not alive():
            raise LabError(f"{what} ended at its start:\n{explain()}")
        if time.monotonic() > deadline:
            raise LabError(f"{what} is silent after {timeout:.0f} s:\n{explain()}")
        time.sleep(POLL_SECONDS)
