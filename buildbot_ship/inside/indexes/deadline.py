"""A deadline for a whole answer of a package index.

The timeouts of requests limit one wait for bytes, so an answer that trickles in never reaches
them, not even in its headers.  `within` therefore runs a transfer in a thread and leaves it
behind if it is too slow.  The thread is a daemon: it ends with the job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
RATE = 10 * 1024
"""Bytes a second that a transfer must move to go on after its deadline."""


class TooSlow(Exception):
    """A transfer did not move enough bytes; the text says how many."""


class _Transfer(threading.Thread, Generic[T]):
    """A thread that keeps what *work* returns or raises; *work* reports bytes that came."""

    def __init__(self, work: Callable[[Callable[[int], None]], T]) -> None:
        super().__init__(daemon=True)
        self.work, self.received = work, 0
        self.results: list[T] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        """Call *work*."""
        try:
            self.results.append(self.work(self.receive))
        except BaseException as error:
            self.error = error

    def receive(self, size: int) -> None:
        """Count *size* bytes."""
        self.received += size


def within(seconds: float, work: Callable[[Callable[[int], None]], T]) -> T:
    """Return what *work* returns, or raise what it raises, within *seconds*.

    *work* gets a function that it may call with the number of bytes of each chunk.  As long as
    it moves 10 KiB a second, it gets *seconds* again.  Raises TooSlow.
    """
    transfer = _Transfer(work)
    transfer.start()
    before = 0
    while True:
        transfer.join(seconds)
        if not transfer.is_alive():
            break
        moved = transfer.received - before
        if moved < RATE * seconds:
            raise TooSlow(f"its answer was not complete after {seconds:g} seconds")
        before = transfer.received
    if transfer.error is not None:
        raise transfer.error
    return transfer.results[0]
