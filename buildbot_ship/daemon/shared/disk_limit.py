"""The limit on bytes that a container writes to disk, which most engines do not enforce.

The kernel bounds each file (`file_limit`).  The sum is measured by the engine and watched from
here: nothing inside the container can hide it or stop the watch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from docker.errors import APIError, DockerException
from docker.types import Ulimit

PAUSE = 1.0
"""Seconds between two looks at a container; the first is after this time."""
BUSY = 5
"""After a look that takes long, as with very many files, the pause is so many times longer."""


def file_limit(limit: int) -> Ulimit:
    """Return the kernel's limit on the length of every single file, sparse or not."""
    return Ulimit(name="fsize", soft=limit, hard=limit)


def written(client: Any, container: str) -> int:
    """Return how many bytes a container, by name or ID, has on disk beyond its image.

    The engine counts the lengths of files, so sparse ones count in full.  A container that is
    gone has none.
    """
    try:
        key = {"id": container} if _is_id(container) else {"name": f"^/{container}$"}
        found = client.containers(all=True, size=True, filters=key)
    except (APIError, DockerException, OSError):
        return 0
    return sum(int(item.get("SizeRw") or 0) for item in found)


def _is_id(text: str) -> bool:
    return len(text) in (12, 64) and not set(text) - set("0123456789abcdef")


@contextmanager
def watched(
    limit: int, measure: Callable[[], int], stop: Callable[[], None]
) -> Iterator[threading.Event]:
    """Call *stop*, in a thread, when what *measure* returns goes past *limit*.

    Give what is set then.
    """
    over, ended = threading.Event(), threading.Event()

    def watch() -> None:
        pause = PAUSE
        while not ended.wait(pause):
            began = time.monotonic()
            if measure() > limit:
                over.set()
                stop()
                return
            pause = max(PAUSE, BUSY * (time.monotonic() - began))

    threading.Thread(target=watch, name="disk", daemon=True).start()
    try:
        yield over
    finally:
        ended.set()
