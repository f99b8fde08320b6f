"""Garbage collection: remove the leftovers of dead builds on a worker."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ...daemon.interface import Daemon
from ...errors import EngineError
from ...model.decision.garbage import CONTAINER, NETWORK, Entry, find_leftovers
from ...model.log import Log
from ...model.request import GarbageRequest
from ...model.result import SUCCESS, Result, counted
from ...store.disk_cache import DiskCache
from ...store.ledger import Ledger
from ...store.work_folder import Work

CREATION_SECONDS = 60
"""How long a request to create something may take; its entry is kept at least as long."""


@attrs.frozen
class WorkerState:
    """The state that builds leave on a worker: *ledger*, *work* folder and *disk* cache."""

    ledger: Ledger
    work: Work
    disk: DiskCache

    def leftovers(self, request: GarbageRequest, now: float) -> tuple[Entry, ...]:
        """Return the ledger's entries of containers and images to remove."""
        ledger = self.ledger
        return find_leftovers(
            ledger.entries(),
            request,
            work=ledger.work,
            build=ledger.build,
            now=now,
            alive=ledger.alive,
        )

    def has_leftovers(self, request: GarbageRequest, now: float) -> bool:
        """Return true if `gc` has something to do."""
        return (
            self.work.has_scratch_folders()
            or bool(self.leftovers(request, now))
            or self.disk.is_due(now)
        )


def gc(
    request: GarbageRequest,
    *,
    state: WorkerState,
    daemon: Callable[[], Daemon],
    now: float,
    log: Log,
) -> Result:
    """Remove dead containers, networks and images, scratch folders and old cache entries.

    Only what the ledger lists is removed from the engine.  An entry that is gone already is
    deleted from the ledger, but not in the minute after it was written.  If the engine refuses
    to remove one, it stays for the next collection.  *daemon* is called only if there is
    something to remove.  *now* is in seconds since 1970.

    Raises EngineUnavailable, EngineForbidden.
    """
    state.work.sweep(now)
    doomed = state.leftovers(request, now)
    removed = [e.name for e in doomed if _remove(e, daemon(), state.ledger, now, log)]
    state.ledger.sweep()
    if not request.finish or state.disk.is_due(now):
        _trim(state.disk, request.cache_size, now, log)
    summary = f"removed {counted(len(removed), 'leftover')}" if removed else "nothing to remove"
    return Result("gc", SUCCESS, summary, properties={"ship_removed": removed})


def add_leftovers_property(
    result: Result, request: GarbageRequest, state: WorkerState, now: float
) -> Result:
    """Return *result* with the property ``ship_leftovers``: true if `gc` has work to do."""
    left = state.has_leftovers(request, now)
    return attrs.evolve(result, properties={**result.properties, "ship_leftovers": left})


def _trim(disk: DiskCache, limit: int, now: float, log: Log) -> None:
    if removed := disk.trim(limit, now):
        log(f"cache: removed the least recently used {removed / 1e6:.1f} MB")


def _remove(entry: Entry, daemon: Daemon, ledger: Ledger, now: float, log: Log) -> bool:
    """Remove what *entry* names; return false if it was gone or the engine refuses."""
    remove = {CONTAINER: daemon.remove_container, NETWORK: daemon.remove_network}
    try:
        removed = remove.get(entry.kind, daemon.remove_image)(entry.name)
    except EngineError as error:
        log(f"left for the next garbage collection: {error}")
        return False
    if not removed and entry.kind in remove and now - entry.made < CREATION_SECONDS:
        # Its process may have been killed in a request that a busy engine still completes.
        return False
    ledger.forget(entry.kind, entry.name)
    if removed:
        log(f"removed {entry.kind} {entry.name} of build {entry.build}")
    return removed
