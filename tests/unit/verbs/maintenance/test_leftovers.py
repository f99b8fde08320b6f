"""The property that says whether garbage collection has work to do."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import GarbageRequest
from buildbot_ship.model.result import SUCCESS, Result
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.maintenance.gc import WorkerState, add_leftovers_property, gc
from tests.fakes.daemon import MemoryDaemon

NOW = 1e9
DONE = Result("push", SUCCESS, "done", properties={"kept": 1})


@attrs.define
class Worker:
    """A worker with a ledger, a work folder, and a cache of its own."""

    root: Path

    @property
    def work(self) -> Work:
        return Work(self.root)

    @property
    def disk(self) -> DiskCache:
        return DiskCache(self.root / "cache")

    def ledger(self, build: str = "build") -> Ledger:
        """Return the ledger, as a new process sees it."""
        return Ledger(self.root / "ledger", "work", build)

    @property
    def state(self) -> WorkerState:
        return WorkerState(self.ledger(), self.work, self.disk)

    def has_leftovers(self, request: GarbageRequest = GarbageRequest()) -> bool:  # noqa: B008
        told = add_leftovers_property(DONE, request, self.state, NOW)
        assert told.properties["kept"] == 1
        return bool(told.properties["ship_leftovers"])

    def collect(self, request: GarbageRequest) -> None:
        """Run the collector; there is nothing in the engine to remove."""

        def daemon() -> Daemon:
            raise AssertionError("no engine is asked")

        gc(
            request,
            state=self.state,
            daemon=daemon,
            now=NOW,
            log=print,
        )


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path / "work")


def test_a_container_is_left_once_its_process_is_dead(worker: Worker) -> None:
    assert not worker.has_leftovers()
    living = worker.ledger()
    living.note(CONTAINER, "ship-1", NOW)
    assert not worker.has_leftovers()
    living.close()
    assert worker.has_leftovers()
    living.forget(CONTAINER, "ship-1")
    assert not worker.has_leftovers()


def test_an_image_of_this_build_is_left_when_the_build_ends(worker: Worker) -> None:
    worker.ledger().note(IMAGE, "app:commit", NOW)
    assert not worker.has_leftovers()
    assert worker.has_leftovers(GarbageRequest(finish=True))


def test_scratch_folders_are_leftovers(worker: Worker) -> None:
    with worker.work.scratch():
        assert worker.has_leftovers()
    assert not worker.has_leftovers()


def keep_five_bytes(worker: Worker) -> Blob:
    file = worker.root / "wheel"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"12345")
    blob = Blob("wheel", digest_of(b"12345"), 5)
    worker.disk.keep("key", Entry({}, (blob,)), {blob.digest: file})
    return blob


def test_a_cache_that_nobody_trimmed_for_an_hour_is_to_be_trimmed(worker: Worker) -> None:
    keep_five_bytes(worker)
    assert worker.has_leftovers()
    worker.collect(GarbageRequest())
    assert not worker.has_leftovers()


@pytest.mark.parametrize("finish", [False, True])
def test_the_end_of_a_build_trims_the_cache_once_an_hour(worker: Worker, finish: bool) -> None:
    blob = keep_five_bytes(worker)
    worker.collect(GarbageRequest(finish=finish))
    assert worker.disk.has(blob)
    worker.collect(GarbageRequest(finish=finish, cache_size=4))
    assert worker.disk.has(blob) == finish


@attrs.define
class BusyEngine(MemoryDaemon):
    """An engine that creates a container after the process that asked for it was killed."""

    late: str = ""

    def remove_container(self, name: str) -> bool:
        removed = super().remove_container(name)
        if self.late:
            self.containers.add(self.late)
            self.late = ""
        return removed


@pytest.mark.parametrize(("age", "left"), [(1, set()), (61, {"ship-1"})])
def test_a_container_that_a_busy_engine_creates_late_is_not_forgotten(
    worker: Worker, age: int, left: set[str]
) -> None:
    killed = worker.ledger()
    killed.note(CONTAINER, "ship-1", NOW - age)
    killed.close()
    engine = BusyEngine(late="ship-1")
    for _ in range(2):
        gc(GarbageRequest(), state=worker.state, daemon=lambda: engine, now=NOW, log=print)
    assert engine.containers == left
    assert not worker.has_leftovers()
