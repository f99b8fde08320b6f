"""The property that says whether garbage collection has work to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE
from buildbot_ship.model.decision.garbage import Entry as LedgerEntry
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import GarbageRequest
from buildbot_ship.model.result import SUCCESS, Result
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.maintenance.gc import WorkerState, add_leftovers_property, gc
from buildbot_ship.verbs.maintenance.gc_plan import format_age
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
        return Ledger(self.root / "ledger", "work", build, lambda: ("", 0.0))

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

    def owns(self, entry: LedgerEntry) -> bool | None:
        found = super().owns(entry)
        if self.late:
            self.containers.add(self.late)
            self.late = ""
        return found


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


def plan_of(worker: Worker, engine: MemoryDaemon, **options: Any) -> tuple[list[str], Result]:
    """Return the lines and the result of a dry run."""
    lines: list[str] = []
    request = GarbageRequest(dry_run=True, **options)
    told = gc(request, state=worker.state, daemon=lambda: engine, now=NOW, log=lines.append)
    return lines, told


def test_a_dry_run_shows_exactly_what_a_collection_removes(worker: Worker) -> None:
    dead, living = worker.ledger(), worker.ledger("other")
    for name in ("ship-1", "ship-gone"):
        dead.note(CONTAINER, name, NOW - 7200)
    dead.note(IMAGE, "app:commit", NOW - 90)
    living.note(CONTAINER, "ship-2", NOW)
    dead.close()
    (worker.root / "scratch-dead").mkdir()
    engine = MemoryDaemon(containers={"ship-1", "ship-2", "ship-foreign"})
    engine.add("app:commit", b"{}")
    before = set(worker.root.rglob("*"))
    lines, told = plan_of(worker, engine)
    # Only the lock on the ledger is new.
    assert {path.name for path in {*worker.root.rglob("*")} - before} <= {"entries.lock"}
    assert [line.split(None, 1)[0] for line in lines].count("goes") == 2
    assert told.properties == {"ship_would_remove": ["ship-1"]}
    assert told.summary == "1 of 5 objects would be removed"
    text = "\n".join(lines)
    for part in (
        "goes   container  ship-1  ",
        "stays  container  ship-gone  ",
        "it is gone already",
        "stays  container  ship-2  ",
        "a living process holds it",
        "stays  image      app:commit  ",
        "it is of this build",
        "stays  container  ship-foreign  ?  it has our label, but no entry in the ledger",
        f"goes   file       {worker.root}/scratch-dead  nobody uses it",
    ):
        assert part in text
    done = gc(GarbageRequest(), state=worker.state, daemon=lambda: engine, now=NOW, log=print)
    assert done.properties["ship_removed"] == told.properties["ship_would_remove"]
    assert engine.containers == {"ship-2", "ship-foreign"}
    assert not (worker.root / "scratch-dead").exists()
    engine.containers.clear()
    living.close()


def test_a_dry_run_tells_what_the_cache_has_too_much(worker: Worker) -> None:
    blob = keep_five_bytes(worker)
    lines, _ = plan_of(worker, MemoryDaemon(), cache_size=4)
    assert [line for line in lines if "cache" in line] == [
        "goes   cache      the least recently used 0.0 MB"
    ]
    assert worker.disk.has(blob)


class Foreign(MemoryDaemon):
    """An engine in which somebody else took a name of ours."""

    def owns(self, entry: LedgerEntry) -> bool | None:
        return False


@pytest.mark.row(34)
def test_what_is_not_the_one_we_made_is_kept_and_forgotten(worker: Worker) -> None:
    killed = worker.ledger()
    killed.note(CONTAINER, "ship-1", NOW - 7200)
    killed.close()
    engine = Foreign(containers={"ship-1"})
    lines, told = plan_of(worker, engine)
    assert "the ledger names it, but it is not the one that we made" in lines[0]
    assert told.properties == {"ship_would_remove": []}
    gc(GarbageRequest(), state=worker.state, daemon=lambda: engine, now=NOW, log=print)
    assert engine.containers == {"ship-1"}
    assert not worker.has_leftovers()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "?"), (0, "0 s"), (59, "59 s"), (90, "1.5 min"), (9000, "2.5 h"), (1e6, "11.6 d")],
)
def test_an_age_is_short(seconds: float, said: str) -> None:
    assert format_age(seconds) == said
