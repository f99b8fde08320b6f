"""A workshop of parts in memory."""

from __future__ import annotations

from typing import Any

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.log import Log
from buildbot_ship.registry.interface import Registry
from buildbot_ship.store.interface import Shelf
from buildbot_ship.store.work import Work
from buildbot_ship.verbs.cache import Cache
from buildbot_ship.verbs.workshop import Workshop

from .registry import MemoryRegistry


def make_workshop(
    daemon: Daemon,
    work: Work,
    log: Log,
    registry: Registry | None = None,
    shelves: tuple[Shelf, ...] = (),
    **options: Any,
) -> Workshop:
    """Return a workshop whose engine is *daemon*, with no cache unless *shelves* are given."""
    return Workshop(
        lambda: daemon,
        daemon.platform,
        registry or MemoryRegistry(),
        work,
        log,
        Cache(log, list(shelves)),
        **options,
    )
