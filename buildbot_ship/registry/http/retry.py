"""Retries with exponential backoff: which faults to retry, how often, and with which timeouts.

One operation on a registry gets up to `RetryPolicy.attempts` attempts.  An attempt that may
succeed later raises `RetryableFault`; `Retries` then waits and starts the next attempt.  After
the last attempt it raises RegistryUnavailable.  A `RetryableFault` never leaves this package.

Format of Retry-After: RFC 9110 (section 10.2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

import attrs
from attrs import validators

from ...errors import RegistryUnavailable
from ...model.log import Log

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
    """The number of attempts at one operation, the pauses between them, and the timeouts.

    All pauses and timeouts are in seconds.  The pause doubles after each attempt, from
    *first_pause* up to *longest_pause*.  A registry that sends Retry-After gets the pause that
    it names, up to *longest_retry_after*.  *connect_timeout* limits one connection;
    *read_timeout* limits one wait for bytes.
    """

    attempts: int = attrs.field(default=6, validator=validators.ge(1))
    first_pause: float = 0.5
    longest_pause: float = 8.0
    longest_retry_after: float = 60.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0

    @property
    def timeouts(self) -> tuple[float, float]:
        """Return the connect timeout and the read timeout, as requests takes them."""
        return self.connect_timeout, self.read_timeout

    def pause(self, attempt: int, retry_after: float | None) -> float:
        """Return the seconds to wait after *attempt*, counted from 1."""
        if retry_after is not None:
            return max(0.0, min(retry_after, self.longest_retry_after))
        return float(min(self.first_pause * 2 ** (attempt - 1), self.longest_pause))


@attrs.define
class Retries:
    """The attempts at one operation; *failed* counts the attempts that ended in a fault."""

    registry: str
    policy: RetryPolicy
    sleep: Sleep
    log: Log
    failed: int = 0

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
        """Log *fault* and wait; raise RegistryUnavailable if no attempt is left."""
        self.failed += 1
        if self.failed >= self.policy.attempts:
            raise RegistryUnavailable(self.registry, f"{fault.why} ({self.failed} attempts)")
        pause = self.policy.pause(self.failed, fault.retry_after)
        self.log(f"registry {self.registry}: {fault.why}; retry in {pause:g} s")
        self.sleep(pause)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the header Retry-After asks for, or None.

    A date there is compared with the response's own Date header, not with our clock.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        return (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (TypeError, ValueError):
        return None
