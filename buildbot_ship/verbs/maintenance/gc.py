"""Garbage collection: remove the leftovers of dead builds on a worker."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ...daemon.interface import Daemon
from ...errors import EngineError
from ...model.decision.garbage import CONTAINER, NETWORK, Collection, Moment, Verdict
from ...model.log import Log
from ...model.request import GarbageRequest
from ...model.result import SUCCESS, Result, counted
from ...store.disk_cache import DiskCache
from ...store.ledger import Ledger
from ...store.work_folder import Work
from .gc_plan import NOT_OURS, confirm, may_be_created, plan_lines


@attrs.frozen
class WorkerState:
    """The state that builds leave on a worker: *ledger*, *work* folder and *disk* cache."""

    ledger: Ledger
    work: Work
    disk: DiskCache

    def judge(self, request: GarbageRequest, moment: Moment) -> tuple[Verdict, ...]:
        """Return a verdict on each entry of the ledger."""
        ledger = self.ledger
        collection = Collection(request, ledger.work, ledger.build, moment, ledger.held)
        return tuple(map(collection.judge, ledger.entries()))

    def has_leftovers(self, request: GarbageRequest, now: float) -> bool:
        """Return true if `gc` has something to do."""
        verdicts = self.judge(request, self.ledger.moment(now))
        return (
            self.work.has_scratch_folders()
            or any(verdict.goes for verdict in verdicts)
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

    Only what the ledger lists and what is ours in the engine (`Owned.owns`) is removed from
    there.  An entry that is gone already is deleted from the ledger, but not in the minute
    after it was written.  If the engine refuses to remove one, it stays for the next
    collection.  *daemon* is called only if there is something to remove.  *now* is in seconds
    since 1970.
    With ``dry_run`` nothing changes, and the log shows what would.

    Raises EngineUnavailable, EngineForbidden.
    """
    if request.dry_run:
        return _dry_run(request, state, daemon(), now, log)
    state.work.sweep(now)
    doomed = [v for v in state.judge(request, state.ledger.moment(now)) if v.goes]
    removed = [v.entry.name for v in doomed if _collect(v, daemon(), state.ledger, log)]
    state.ledger.sweep()
    if not request.finish or state.disk.is_due(now):
        _trim(state.disk, request.cache_size, now, log)
    summary = f"{counted(len(removed), 'leftover')} removed"
    return Result("gc", SUCCESS, summary, properties={"ship_removed": removed})


def _dry_run(
    request: GarbageRequest, state: WorkerState, daemon: Daemon, now: float, log: Log
) -> Result:
    """Log what a collection would remove and what it would leave, each with the reason."""
    moment = state.ledger.moment(now)
    verdicts = confirm(state.judge(request, moment), daemon.owned)
    files = state.work.leftovers(now)
    surplus = 0
    if not request.finish or state.disk.is_due(now):
        surplus = state.disk.surplus(request.cache_size)
    for line in plan_lines(verdicts, files, surplus):
        log(line)
    going = [verdict.entry.name for verdict in verdicts if verdict.goes]
    of = counted(len(verdicts), "object")
    summary = f"{len(going)} of {of} would be removed"
    return Result("gc", SUCCESS, summary, properties={"ship_would_remove": going})


def add_leftovers_property(
    result: Result, request: GarbageRequest, state: WorkerState, now: float
) -> Result:
    """Return *result* with the property ``ship_leftovers``: true if `gc` has work to do."""
    left = state.has_leftovers(request, now)
    return attrs.evolve(result, properties={**result.properties, "ship_leftovers": left})


def _trim(disk: DiskCache, limit: int, now: float, log: Log) -> None:
    if removed := disk.trim(limit, now):
        log(f"cache: removed the least recently used {removed / 1e6:.1f} MB")


def _collect(verdict: Verdict, daemon: Daemon, ledger: Ledger, log: Log) -> bool:
    """Remove what the entry of *verdict* names, unless somebody has renewed the entry."""
    with ledger.take(verdict.entry) as unchanged:
        return unchanged and _remove(verdict, daemon, ledger, log)


def _remove(verdict: Verdict, daemon: Daemon, ledger: Ledger, log: Log) -> bool:
    """Remove what an entry names; return false if it is gone, not ours, or stays."""
    entry = verdict.entry
    remove = {CONTAINER: daemon.owned.remove_container, NETWORK: daemon.owned.remove_network}
    try:
        ours = daemon.owned.owns(entry)
        if ours:
            remove.get(entry.kind, daemon.remove_image)(entry.name)
    except EngineError as error:
        log(f"left for the next garbage collection: {error}")
        return False
    if ours is None and may_be_created(verdict):
        # Its process may have been killed in a request that a busy engine still completes.
        return False
    ledger.forget(entry.kind, entry.name)
    if ours is False:
        log(f"kept {entry.kind} {entry.name}: {NOT_OURS}")
    if ours:
        log(f"removed {entry.kind} {entry.name} of build {entry.build}")
    return bool(ours)
