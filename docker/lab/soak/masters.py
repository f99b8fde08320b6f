"""Buildbot's database as a master opens it, without the rest of a master.

`python -m lab.soak.masters FOLDER URL` creates it.
"""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from buildbot.config.master import MasterConfig
from buildbot.master import BuildMaster
from twisted.internet import defer, reactor

DATABASE = "state.sqlite"


async def open_master(folder: Path, url: str = "", *, create: bool = False) -> Any:
    """Return a master whose ``db`` is at *url*, or else an SQLite file in *folder*.

    With *create* the tables are made.
    """
    master = BuildMaster(str(folder))
    master.config = MasterConfig()
    master.config.db.db_url = url or f"sqlite:///{folder / DATABASE}"
    await master.db.set_master(master)
    await master.db.setup(check_version=not create, verbose=False)
    if create:
        await master.db.model.upgrade()
    return master


async def close_master(master: Any) -> None:
    """Close the database of a master from `open_master`."""
    await master.db.pool.stop()


def run_in_reactor(work: Coroutine[Any, Any, None]) -> None:
    """Run *work* in Twisted's reactor, which a process can do once; exit with 1 if it fails."""
    # Its type depends on the platform.
    loop: Any = reactor
    done: Any = defer.ensureDeferred(work)
    failures: list[Any] = []
    done.addErrback(failures.append)
    done.addBoth(lambda _: loop.callWhenRunning(loop.stop))
    loop.run()
    if failures:
        failures[0].printTraceback(sys.stderr)
        sys.exit(1)


async def _create(folder: Path, url: str) -> None:
    await close_master(await open_master(folder, url, create=True))


if __name__ == "__main__":
    run_in_reactor(_create(Path(sys.argv[1]), sys.argv[2]))
