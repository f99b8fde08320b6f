"""The limit on the bytes that a container writes to disk, which most engines do not enforce.

The kernel limits the size of each file (`kernel_limits`).  The engine measures the sum, and
`disk_limit` checks it from outside, where the container cannot hide it or stop the check.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from docker.errors import APIError, DockerException

INTERVAL = 1.0
"""Seconds before the first measurement, and at least between two of them."""
BACKOFF = 5
"""The pause is at least this many times as long as the last measurement took."""


def bytes_written(client: Any, container: str) -> int:
    """Return the bytes that a container (name or ID) has on disk in addition to its image.

    The engine counts the sizes of files, so a sparse file counts in full.  Return 0 for a
    container that no longer exists.
    """
    try:
        key = {"id": container} if _is_id(container) else {"name": f"^/{container}$"}
        containers = client.containers(all=True, size=True, filters=key)
    except (APIError, DockerException, OSError):
        return 0
    return sum(int(item.get("SizeRw") or 0) for item in containers)


def _is_id(text: str) -> bool:
    return len(text) in (12, 64) and not set(text) - set("0123456789abcdef")


@contextmanager
def disk_limit(
    limit: int, measure: Callable[[], int], stop: Callable[[], None]
) -> Iterator[threading.Event]:
    """Call *stop* in a thread once *measure* returns more than *limit* bytes.

    Give an event that is set before that call.
    """
    exceeded, ended = threading.Event(), threading.Event()

    def watch() -> None:
        pause = INTERVAL
        while not ended.wait(pause):
            start = time.monotonic()
            if measure() > limit:
                exceeded.set()
                stop()
                return
            pause = max(INTERVAL, BACKOFF * (time.monotonic() - start))

    threading.Thread(target=watch, name="disk", daemon=True).start()
    try:
        yield exceeded
    finally:
        ended.set()
