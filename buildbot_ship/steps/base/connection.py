"""The connection to the worker of a build."""

from __future__ import annotations

from contextlib import suppress
from typing import Any


def send_at_once(build: Any) -> None:
    """Have every message to the worker of *build* sent at once.

    TCP holds a small one back until the worker has acknowledged the one before, which may
    take 40 ms, and a step is several.  A connection of another kind stays as it is.
    """
    with suppress(AttributeError):
        build.workerforbuilder.worker.conn.mind.broker.transport.setTcpNoDelay(True)
