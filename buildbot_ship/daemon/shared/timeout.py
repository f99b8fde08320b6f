"""The timeout of a container or of an image build."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def timeout(seconds: float, stop: Callable[[], None]) -> Iterator[threading.Event]:
    """Call *stop* in a thread after *seconds*; give an event that is set before that call."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        stop()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
