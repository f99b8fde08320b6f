"""Which files are downloaded, and which are known from an earlier download."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Job
from buildbot_ship.model.application.wheel_plan import Fetched, Missing, decide, index_wheel_key
from buildbot_ship.model.artefact import Wheel
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.model.request import WheelsRequest
from buildbot_ship.model.request.wire import CONVERTER
from buildbot_ship.model.requirements.build_lock import BuildLock
from buildbot_ship.model.requirements.reader import Pin
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.shared.job_runner import BuildBase, JobRunner
from buildbot_ship.verbs.wheels.downloads import Downloads
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner

BASE = Reference.parse("registry.test/base@sha256:" + "a" * 64)
A, B, C = (digest_of(name.encode()).partition(":")[2] for name in "abc")
PINS = (
    Pin("a", "1", (A, "e" * 64), 1),
    Pin("b", "1", (B,), 2),
    Pin("c", "1", (C,), 3, (), "x"),
)


@attrs.define
class World:
    """A worker that downloads the PINS, and an index that has them."""

    folder: Path
    runner: JobRunner
    asked: list[list[str]] = attrs.field(factory=list)

    def fetch(self, job: Job, out: Path) -> dict[str, Any]:
        """Return the files of the pins, except of those with a marker."""
        pins = job.arguments["pins"]
        self.asked.append([pin["name"] for pin in pins])
        return {"ok": True, "files": [self.file(pin) for pin in pins], "warnings": ["yanked"]}

    def file(self, pin: Mapping[str, Any]) -> dict[str, str] | None:
        file = {"file": f"{pin['name']}-1-py3-none-any.whl", "digest": pin["hashes"][0]}
        return None if pin["marker"] else file

    def download(self, pins: tuple[Pin, ...], base_key: str = "base") -> Any:
        """Download, and cache the wheels as a build does."""
        plan = decide(WheelsRequest(), pins, BuildLock())
        downloads = Downloads(plan, BuildBase(BASE, base_key), self.runner)
        missing = Missing((), pins=True, known=frozenset(downloads.cached_wheels()))
        out = self.folder / str(len(list(self.folder.iterdir())))
        out.mkdir()
        files, warnings = downloads.download(missing, "tools", out)
        for file in filter(None, files):
            self.keep(file)
        return files, warnings

    def keep(self, file: Fetched) -> None:
        content = file.file[0].encode()
        wheel = Wheel(file.file, digest_of(content), len(content))
        (self.folder / file.file).write_bytes(content)
        entry = Entry(
            CONVERTER.unstructure(wheel), (Blob(file.file, wheel.digest, wheel.size),)
        )
        files = {wheel.digest: self.folder / file.file}
        self.runner.cache.keep(index_wheel_key(file.digest), entry, files)


@pytest.fixture
def world(tmp_path: Path) -> World:
    daemon = MemoryDaemon()
    stores = (DiskCache(tmp_path / "cache"),)
    runner = make_job_runner(daemon, Work(tmp_path / "work"), print, stores=stores)
    (tmp_path / "files").mkdir()
    world = World(tmp_path / "files", runner)
    daemon.scripts["fetch"] = world.fetch
    return world


def test_the_index_is_asked_only_for_pins_whose_file_is_not_known(world: World) -> None:
    first, warnings = world.download(PINS[:2])
    assert [file.file for file in first] == ["a-1-py3-none-any.whl", "b-1-py3-none-any.whl"]
    assert warnings == ("yanked",)
    moved = (PINS[0], Pin("b", "2", (C,), 2))
    again, _ = world.download(moved)
    assert again[0] == first[0]
    assert again[1].digest == C
    assert world.asked == [["a", "b"], ["b"]]


def test_nothing_is_asked_if_a_pin_goes_away(world: World) -> None:
    both, _ = world.download(PINS[:2])
    only, warnings = world.download(PINS[1:2])
    assert (only, warnings) == (both[1:], ())
    assert world.asked == [["a", "b"]]


def test_a_pin_whose_marker_does_not_apply_keeps_its_place(world: World) -> None:
    files, _ = world.download(PINS)
    assert (files[2], len(files)) == (None, 3)
    assert world.download(PINS)[0] == files
    assert world.asked == [["a", "b", "c"], ["c"]]


def test_another_base_or_other_hashes_are_asked_for_again(world: World) -> None:
    world.download(PINS[:1])
    world.download(PINS[:1], base_key="other")
    world.download((attrs.evolve(PINS[0], hashes=(A,)),))
    assert world.asked == [["a"], ["a"], ["a"]]


def test_a_file_that_the_cache_lost_is_downloaded(world: World) -> None:
    world.download(PINS[:1])
    for blob in (world.folder.parent / "cache").rglob(A):
        blob.unlink()
    world.download(PINS[:1])
    assert world.asked == [["a"], ["a"]]
