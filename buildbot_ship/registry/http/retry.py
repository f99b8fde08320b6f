"""Retries with exponential backoff: which faults to retry, how often, and with which timeouts.

An attempt that may succeed later raises `RetryableFault`; `Retries` then waits and starts the
next attempt.  It raises RegistryUnavailable when `RetryPolicy.patience` is used up.  A
`RetryableFault` never leaves this package.

Retried: broken or refused connections, unresolved names, slow answers, and the statuses 408,
429 and 5xx except 501 and 505.  Everything else does not change by itself: it is an error at
once.

Format of Retry-After: RFC 9110 (section 10.2.3).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

import attrs

from ...errors import RegistryUnavailable
from ...model.log import Log
from ...model.request.settings import seconds_from
from ...model.result import counted
from .metering import Pace

T = TypeVar("T")
Sleep = Callable[[float], None]
"""Sleep for a number of seconds."""


class RetryableFault(Exception):
    """A fault to retry; *retry_after* is the pause in seconds that the registry asks for."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        """Take the reason, one line without URLs: a URL may contain a password."""
        super().__init__(why)
        self.why = why
        self.retry_after = retry_after


@attrs.frozen
class RetryPolicy:
    """The patience with one operation, the pauses between its attempts, and the timeouts.

    All times are in seconds.  No attempt starts later than *patience* after the first fault,
    except that each operation gets *least_attempts*: an attempt at a large blob takes long.
    The default patience covers an outage of two minutes.

    The pause doubles after each attempt, from *first_pause* up to *longest_pause*, and varies
    by a quarter, so that clients spread out: *chance* returns a number from 0 to 1.  A registry
    that sends Retry-After gets at least the pause that it names, up to *longest_retry_after*.
    *connect_timeout* limits one connection; *pace* limits answers.
    """

    patience: float = 150.0
    least_attempts: int = 3
    first_pause: float = 0.5
    longest_pause: float = 16.0
    longest_retry_after: float = 60.0
    connect_timeout: float = 10.0
    pace: Pace = attrs.field(factory=Pace)
    chance: Callable[[], float] = random.random

    @property
    def timeouts(self) -> tuple[float, float]:
        """Return the connect timeout and the read timeout, as requests takes them."""
        return self.connect_timeout, self.pace.read_timeout

    def pause(self, attempt: int, retry_after: float | None) -> float:
        """Return the seconds to wait after *attempt*, counted from 1."""
        spread = 0.5 * self.chance()
        if retry_after is not None:
            return max(0.0, min(retry_after, self.longest_retry_after)) * (1 + spread / 5)
        pause = min(self.first_pause * 2 ** min(attempt - 1, 20), self.longest_pause)
        return float(pause * (0.75 + spread))


PATIENCE_VARIABLE = "BUILDBOT_SHIP_REGISTRY_PATIENCE"
"""The environment variable with the seconds of `RetryPolicy.patience`."""
TIMEOUT_VARIABLE = "BUILDBOT_SHIP_REGISTRY_TIMEOUT"
"""The environment variable with the seconds of all limits of a `Pace`."""


def policy_from(environment: Mapping[str, str]) -> RetryPolicy:
    """Return the policy that the two variables of *environment* ask for.

    Raises InvalidRequest unless each is absent, or a number of seconds from 1 to 3600.
    """
    default = RetryPolicy()
    patience = seconds_from(environment, PATIENCE_VARIABLE)
    timeout = seconds_from(environment, TIMEOUT_VARIABLE)
    pace = default.pace
    if timeout is not None:
        rate = pace.window_bytes / pace.window
        pace = Pace(timeout, timeout, math.ceil(rate * timeout), timeout)
    return attrs.evolve(
        default,
        patience=default.patience if patience is None else patience,
        connect_timeout=min(default.connect_timeout, pace.read_timeout),
        pace=pace,
    )


SHORT_PATIENCE = 15.0
"""Seconds of patience where the caller can go on without the registry."""


@attrs.define
class Retries:
    """The attempts at one operation; *failed* counts the attempts that ended in a fault.

    *paused* is the sum of the pauses, *since* the time of the first fault.
    """

    registry: str
    policy: RetryPolicy
    sleep: Sleep
    log: Log
    clock: Callable[[], float] = time.monotonic
    failed: int = 0
    paused: float = 0.0
    since: float | None = None

    def run(self, attempt: Callable[[int], T]) -> T:
        """Call *attempt* until it raises no RetryableFault; return what it returns.

        It gets the number of failed attempts.  Raises RegistryUnavailable after the last one.
        """
        while True:
            try:
                return attempt(self.failed)
            except RetryableFault as fault:
                last = fault
            self.pause_after(last)

    def pause_after(self, fault: RetryableFault) -> None:
        """Log *fault* and wait; raise RegistryUnavailable if the patience is used up."""
        self.failed += 1
        if self.since is None:
            self.since = self.clock()
        pause = self.policy.pause(self.failed, fault.retry_after)
        spent = max(self.clock() - self.since, self.paused)
        if spent + pause > self.policy.patience and self.failed >= self.policy.least_attempts:
            attempts = counted(self.failed, "attempt")
            raise RegistryUnavailable(self.registry, f"{fault.why} ({attempts})")
        self.log(f"registry {self.registry}: {fault.why}; retry in {pause:.1f} s")
        self.paused += pause
        self.sleep(pause)

    def restart(self) -> None:
        """Forget the faults so far, because the operation made progress."""
        self.failed, self.paused, self.since = 0, 0.0, None


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the header Retry-After asks for, or None.

    A date there is compared with the response's own Date header, not with our clock.
    """
    text = headers.get("Retry-After", "").strip()
    # isdecimal alone accepts digits that are not ASCII.
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        return (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
