"""Signals that ask a process to stop, and what they come to."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
"""Who asks; the alarm is our own, and asks again."""
AGAIN = 0.01
"""Seconds until then."""


class Cancelled(BaseException):
    """Somebody asked this process to end: what it made is taken away first."""


def listen() -> None:
    """Let the first signal that asks raise `Cancelled` in the main thread, and no other.

    It waits while a module is imported, whose lock would never be released, and comes again
    if it was raised where Python drops every exception: in a finalizer.
    """
    sys.unraisablehook = _dropped
    for number in ASKING:
        signal.signal(number, _asked)


def _asked(number: int, frame: FrameType | None) -> None:
    if any(code.startswith("<frozen importlib") for code in _files(frame)):
        _ask_again()
        return
    for ignored in ASKING:
        signal.signal(ignored, signal.SIG_IGN)
    raise Cancelled(number)


def _files(frame: FrameType | None) -> Iterator[str]:
    """Yield the names of the files whose code runs, the innermost first."""
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _dropped(unraisable: UnraisableHookArgs) -> None:
    if not isinstance(unraisable.exc_value, Cancelled):
        sys.__unraisablehook__(unraisable)
        return
    listen()
    _ask_again()


def _ask_again() -> None:
    signal.setitimer(signal.ITIMER_REAL, AGAIN)
