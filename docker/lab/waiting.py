"""Wait for a service, with a timeout."""

from __future__ import annotations

import time
from collections.abc import Callable

from lab.errors import LabError

POLL_SECONDS = 0.05
MASTER_POLL_SECONDS = 0.25
"""How often to ask a master: each answer costs it a part of what the builds need."""


def wait_until(
    ready: Callable[[], bool],
    timeout: float,
    what: str,
    *,
    alive: Callable[[], bool] = lambda: True,
    explain: Callable[[], str] = str,
    poll: float = POLL_SECONDS,
) -> None:
    """Wait until *ready*; fail with an explanation if *what* ends or takes too long."""
    deadline = time.monotonic() + timeout
    while not ready():
        if not alive():
            raise LabError(f"{what} ended while it was starting:\n{explain()}")
        if time.monotonic() > deadline:
            raise LabError(f"{what} was not ready after {timeout:.0f} s:\n{explain()}")
        time.sleep(poll)
