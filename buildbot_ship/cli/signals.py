"""Turn signals that stop the process, and the end of its reader, into `Cancelled`."""

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
"""Signals that cancel the call; SIGALRM is our own repetition of an earlier one."""
REPEAT_SECONDS = 0.01
"""Delay of that repetition."""


class Cancelled(BaseException):
    """A signal told this process to stop; it removes its leftovers first."""


def handle_stop_signals() -> None:
    """Make the first stop signal raise `Cancelled` in the main thread; ignore later ones.

    During an import the signal is postponed, because an interrupted import never releases its
    lock.  In a finalizer, where Python drops exceptions, the signal is repeated.
    """
    sys.unraisablehook = _repeat_if_dropped
    for number in STOP_SIGNALS:
        signal.signal(number, _raise_cancelled)


def stop_without_reader(output: int = 1) -> None:
    """Stop this process, as by a signal, as soon as nobody can read *output* any more.

    The worker of a step reads it.  A worker that is killed cannot stop its commands, and a step
    that goes on may still publish, beside the build that replaces it.
    """
    if stat.S_ISFIFO(os.fstat(output).st_mode):
        threading.Thread(target=_stop_at_end_of_reader, args=(output,), daemon=True).start()


def _stop_at_end_of_reader(output: int) -> None:
    # Errors are always polled for: a pipe has one when its reader is gone.
    waiting = select.poll()
    waiting.register(output, 0)
    waiting.poll()
    # What is printed during the clean-up must not fail.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in {output, 2}:
        os.dup2(nowhere, number)
    os.kill(os.getpid(), signal.SIGTERM)


def _raise_cancelled(number: int, frame: FrameType | None) -> None:
    if any(code.startswith("<frozen importlib") for code in _files(frame)):
        _repeat_soon()
        return
    for ignored in STOP_SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    raise Cancelled(number)


def _files(frame: FrameType | None) -> Iterator[str]:
    """Yield the file of each frame on the stack, innermost first."""
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _repeat_if_dropped(unraisable: UnraisableHookArgs) -> None:
    if not isinstance(unraisable.exc_value, Cancelled):
        sys.__unraisablehook__(unraisable)
        return
    handle_stop_signals()
    _repeat_soon()


def _repeat_soon() -> None:
    signal.setitimer(signal.ITIMER_REAL, REPEAT_SECONDS)
