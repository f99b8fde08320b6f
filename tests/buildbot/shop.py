"""What the tests of the pipeline share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from lab.buildmaster import Master
from lab.rest import Json, Rest
from lab.runs import Run
from lab.story import Shipped, Story
from lab.worker import ProcessWorker


@dataclass
class Shop:
    """What the tests of this group share; *state* is the worker's folder for its ledger."""

    run: Run
    master: Master
    worker: ProcessWorker
    story: Story
    state: Path

    @property
    def rest(self) -> Rest:
        return self.master.rest

    def force(self, builder: str, timeout: float = 300.0, **parameters: Any) -> Json:
        """Force a builder; return its build once it has ended."""
        return self.rest.wait(self.rest.force(builder, **parameters), timeout)

    @contextmanager
    def no_engine(self) -> Iterator[None]:
        """Have the worker, started anew, find no engine for as long as this lasts."""
        self.worker.stop()
        with mock.patch.dict(os.environ, DOCKER_HOST="unix:///nowhere.sock"):
            self.worker.start()
        try:
            yield
        finally:
            self.worker.stop()
            self.worker.start()

    def containers(self, prefix: str = "") -> list[str]:
        """Return the containers of this worker whose names begin with *prefix*."""
        import docker  # noqa: PLC0415  # it takes 0.4 s

        owner = (self.state / "ledger" / "owner").read_text(encoding="ascii")
        label = f"org.buildbot-ship.owner={owner}"
        found = docker.from_env().api.containers(all=True, filters={"label": label})
        names = [str(container["Names"][0]).lstrip("/") for container in found]
        return [name for name in names if name.startswith(prefix)]

    def ledger(self) -> list[str]:
        """Return what this worker put into the engine and did not take out; not the tools."""
        folder = self.state / "ledger"
        return [path.name for path in folder.glob("*.json") if path.name[:6] != "tools-"]


@dataclass(frozen=True)
class Day:
    """What the developer's day came to."""

    copies: dict[str, str]
    commit: str
    shipped: dict[str, Shipped]
