"""Delay signals until an operation on the engine is complete."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
"""The signals that stop this process; SIGALRM is its own timeout."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back signals that stop this process until the block ends.

    The engine completes a request even if the client is gone.  An interrupted client could
    leave a container that it does not know of.  Only the main thread receives signals, so
    this does nothing in other threads.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for first in received[:1]:
            signal.raise_signal(first)
