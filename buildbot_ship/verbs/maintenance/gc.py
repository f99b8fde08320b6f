"""Remove what dead builds left in the engine, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ...daemon.interface import Daemon
from ...errors import EngineError
from ...model.decision.garbage import CONTAINER, Entry, find_leftovers
from ...model.log import Log
from ...model.request import GarbageRequest
from ...model.result import SUCCESS, Result, counted
from ...store.disk_cache import DiskCache
from ...store.ledger import Ledger
from ...store.work_folder import Work


def gc(
    request: GarbageRequest,
    *,
    daemon: Callable[[], Daemon],
    ledger: Ledger,
    work: Work,
    disk: DiskCache,
    clock: Callable[[], float],
    log: Log,
) -> Result:
    """Remove every dead entry of the ledger; what is gone already is struck out too.

    What killed processes left in the work folder goes with it.  *daemon* is called only
    when something is to be removed; what it will not give up stays for the next time.
    Raises EngineUnavailable, EngineForbidden.
    """
    work.sweep(clock())
    doomed = _find_dead(request, ledger, clock)
    removed = [entry.name for entry in doomed if _remove(entry, daemon(), ledger, log)]
    ledger.sweep()
    if not request.finish or disk.is_due(clock()):
        _trim(disk, request.cache_size, clock(), log)
    done = f"removed {counted(len(removed), 'temporary thing')}"
    summary = done if removed else "nothing to remove"
    return Result("gc", SUCCESS, summary, properties={"ship_removed": removed})


def _trim(disk: DiskCache, limit: int, now: float, log: Log) -> None:
    if given := disk.trim(limit, now):
        log(f"cache: {given / 1e6:.1f} MB given up, which nobody used for longest")


def telling(
    result: Result,
    request: GarbageRequest,
    *,
    ledger: Ledger,
    work: Work,
    disk: DiskCache,
    clock: Callable[[], float],
) -> Result:
    """Return *result* with the property ``ship_leftovers``: whether `gc` has work to do."""
    left = (
        work.is_littered() or bool(_find_dead(request, ledger, clock)) or disk.is_due(clock())
    )
    return attrs.evolve(result, properties={**result.properties, "ship_leftovers": left})


def _find_dead(
    request: GarbageRequest, ledger: Ledger, clock: Callable[[], float]
) -> tuple[Entry, ...]:
    """Return the entries of *ledger* whose things are to be removed."""
    return find_leftovers(
        ledger.entries(),
        request,
        work=ledger.work,
        build=ledger.build,
        now=clock(),
        alive=ledger.alive,
    )


def _remove(entry: Entry, daemon: Daemon, ledger: Ledger, log: Log) -> bool:
    """Remove one thing; keep what the engine will not give up for the next time."""
    remove = daemon.remove_container if entry.kind == CONTAINER else daemon.remove_image
    try:
        removed = remove(entry.name)
    except EngineError as error:
        log(f"left for the next time: {error}")
        return False
    ledger.forget(entry.kind, entry.name)
    if removed:
        log(f"removed {entry.kind} {entry.name} of build {entry.build}")
    return removed
