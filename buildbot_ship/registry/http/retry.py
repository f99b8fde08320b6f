"""Faults that may be gone at the next attempt, and how often it is made.

A `Fault` never leaves this room: the work is tried again with exponential backoff, and
then it becomes RegistryUnavailable.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TypeVar

import attrs
import requests
from attrs import validators

from ...errors import RegistryUnavailable
from ...model.log import Log

T = TypeVar("T")
Sleep = Callable[[float], None]


class Fault(Exception):
    """Something that may be gone next time; *wait* is how many seconds the registry asks."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        """Take one line for people, free of URLs: those may hold secrets."""
        super().__init__(why)
        self.why = why
        self.wait = wait


@attrs.frozen
class RetryPolicy:
    """How long to go on: numbers of attempts, seconds.

    The pauses double from *first* up to *longest*; a registry that asks for a pause gets
    at most *asked*.  *connect* and *read* bound one connection and one wait for bytes.
    """

    attempts: int = attrs.field(default=6, validator=validators.ge(1))
    first: float = 0.5
    longest: float = 8.0
    asked: float = 60.0
    connect: float = 10.0
    read: float = 60.0

    def pause(self, attempt: int, asked: float | None) -> float:
        """Return the seconds to wait after *attempt*, counted from 1."""
        if asked is not None:
            return max(0.0, min(asked, self.asked))
        return float(min(self.first * 2 ** (attempt - 1), self.longest))


@attrs.define
class Retries:
    """The attempts at one piece of work."""

    registry: str
    policy: RetryPolicy
    sleep: Sleep
    log: Log
    made: int = 0

    def after(self, fault: Fault) -> None:
        """Wait after *fault*; raise RegistryUnavailable when it was the last attempt."""
        self.made += 1
        if self.made >= self.policy.attempts:
            raise RegistryUnavailable(self.registry, f"{fault.why} ({self.made} attempts)")
        pause = self.policy.pause(self.made, fault.wait)
        self.log(f"registry {self.registry}: {fault.why}; trying again in {pause:g} s")
        self.sleep(pause)

    def until(self, work: Callable[[int], T]) -> T:
        """Call *work* with the number of faults so far until it gives no Fault."""
        while True:
            try:
                return work(self.made)
            except Fault as fault:
                last = fault
            self.after(last)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response's Retry-After asks for, or None.

    A date there is compared with the response's own Date, not with our clock.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
        return (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
    except (TypeError, ValueError):
        return None


def explain(error: BaseException) -> str:
    """Return why a connection failed, in one line without its URL."""
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ in ("NameResolutionError", "gaierror"):
            return "its name does not resolve"
        # requests' own errors are OSErrors too, without a number.
        if isinstance(cause, OSError) and cause.errno in errno.errorcode and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, requests.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not let us through"
    return "the connection broke"


def is_untrusted(error: BaseException) -> bool:
    """Tell whether *error* comes from a certificate that nothing here vouches for."""
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE" in str(error)
