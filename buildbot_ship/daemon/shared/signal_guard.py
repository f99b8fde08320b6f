"""What a signal must not cut off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
"""The signals by which a process is asked to stop, in the end by itself."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep who asks this process to stop waiting until the block has ended.

    What the engine was asked for it makes, whether or not somebody waits for its answer:
    what is not there yet cannot be taken away.  Other threads are not interrupted anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _ASKING}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, frame: asked.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for first in asked[:1]:
            signal.raise_signal(first)
