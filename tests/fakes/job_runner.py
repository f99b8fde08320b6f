"""A job runner with fakes in memory."""

from __future__ import annotations

from typing import Any

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.log import Log
from buildbot_ship.registry.interface import Registry
from buildbot_ship.store.cache_interface import CacheStore
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.shared.cache import Cache
from buildbot_ship.verbs.shared.job_runner import JobRunner

from .registry import MemoryRegistry


def make_job_runner(
    daemon: Daemon,
    work: Work,
    log: Log,
    registry: Registry | None = None,
    stores: tuple[CacheStore, ...] = (),
    **options: Any,
) -> JobRunner:
    """Return a job runner with the engine *daemon*; without *stores* it has no cache."""
    return JobRunner(
        lambda: daemon,
        daemon.platform,
        registry or MemoryRegistry(),
        work,
        log,
        Cache(log, list(stores)),
        **options,
    )
