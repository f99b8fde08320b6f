"""Remove what dead builds left in the engine, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from ..daemon.interface import Daemon
from ..errors import EngineError
from ..model.garbage import CONTAINER, Entry, dead
from ..model.log import Log
from ..model.request import GarbageRequest
from ..model.result import SUCCESS, Result
from ..store.ledger import Ledger
from ..store.work import Work


def gc(
    request: GarbageRequest,
    *,
    daemon: Daemon,
    ledger: Ledger,
    work: Work,
    clock: Callable[[], float],
    log: Log,
) -> Result:
    """Remove every dead entry of the ledger; what is gone already is struck out too.

    What killed processes left in the work folder goes with it, and layers of no use.
    """
    work.sweep()
    work.sweep_layers(clock() - request.tools_older_than_days * 86400)
    doomed = dead(
        ledger.entries(),
        request,
        work=ledger.work,
        build=ledger.build,
        now=clock(),
        alive=ledger.alive,
    )
    removed = [entry.name for entry in doomed if _remove(entry, daemon, ledger, log)]
    ledger.sweep()
    summary = f"removed {len(removed)} temporary things" if removed else "nothing to remove"
    return Result("gc", SUCCESS, summary, properties={"ship_removed": removed})


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
