"""A master with the example's configuration, and a worker whose verbs do what a test orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.buildmaster import Master
from lab.ports import LOOPBACK
from lab.rest import Json, Rest
from lab.runs import Run
from lab.settings import RETAG, Settings
from lab.worker import ProcessWorker

from tests.buildbot.stub import Stub


@dataclass(frozen=True)
class StubSettings(Settings):
    """Settings with a stub for the worker's Python, and with a registry's user."""

    stub: Path = field(default=Path())

    def environment(self) -> dict[str, str]:
        own = {"SHIP_WORKER_PYTHON": str(self.stub), "SHIP_REGISTRY_USER": "robot"}
        return super().environment() | own


@dataclass
class Scene:
    """A master, a worker, and what the worker's verbs do."""

    master: Master
    worker: ProcessWorker
    stub: Stub

    @property
    def rest(self) -> Rest:
        return self.master.rest

    def retag(self, timeout: float = 60.0) -> Json:
        """Force the builder that needs no source; return its build once it has ended."""
        return self.rest.wait(self.rest.force(RETAG), timeout)

    def step(self, build: Json, name: str = "retag") -> Json:
        """Return a step of a build."""
        steps = self.rest.steps(build["buildid"])
        return next(step for step in steps if step["name"] == name)

    def leftovers(self) -> list[str]:
        """Return the result files on the worker."""
        folder = self.worker.run.folder / self.worker.settings.worker_name
        return [path.name for path in folder.rglob("result-*")]


@contextmanager
def stub_scene(
    run: Run,
    folder: Path,
    name: str,
    secrets: dict[str, str],
    prepare: Callable[[Path], None] = lambda _: None,
) -> Iterator[Scene]:
    """Run master and worker; *prepare* gets the master's folder before the master starts."""
    stub = Stub(folder)
    settings = StubSettings.on_free_ports(
        git_url=f"git://{LOOPBACK}:1/none",
        registry=f"{LOOPBACK}:5000/team",
        worker_password="worker",
        worker_name=f"{name}-worker",
        poll_seconds=3600,
        stub=stub.python,  # type: ignore[arg-type]
    )
    master = Master(run, settings, name=f"{name}-master", secrets=secrets)
    master.create()
    prepare(master.folder)
    master.start()
    worker = ProcessWorker(run, settings)
    worker.start()
    yield Scene(master, worker, stub)
    worker.stop()
    master.stop()
