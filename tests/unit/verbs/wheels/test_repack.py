"""Wheels that are repacked, and what is left to a build."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import attrs
import pytest

from buildbot_ship.daemon.interface import RESULT
from buildbot_ship.model.application.wheel_plan import decide
from buildbot_ship.model.artefact import Wheel
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.model.request import WheelsRequest
from buildbot_ship.model.requirements.build_lock import parse_build_lock
from buildbot_ship.source.interface import History, TreeEntry, TreeFile
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.shared.job_runner import BuildBase
from buildbot_ship.verbs.shared.tools_image import BUILD_TOOLS, lock_files, tools_reference
from buildbot_ship.verbs.wheels import repack as repack_module
from buildbot_ship.verbs.wheels.repack import BuiltWheel, Repacker, TraceReport
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner
from tests.unit.model.application.test_wheel_rewrite import FILES, wheel

NAME = "app-1-py3-none-any.whl"
TREE = {"setup.py": b"setup()", "src/app/__init__.py": FILES["app/__init__.py"], "notes": b""}
REPORT = TraceReport({"src/app/__init__.py": "app/__init__.py"}, ("setup.py",))
BUILD_BASE = BuildBase(Reference.parse("registry.test/base@sha256:" + "a" * 64), "build_base")


@attrs.define
class Tree:
    """A commit in memory, of a package below ``lib``."""

    held: dict[str, bytes]
    commit: str = "c" * 40
    committed: datetime = datetime(2026, 11, 23, tzinfo=UTC)

    def history(self, folder: str) -> History:
        raise AssertionError("no package here has a version from git")

    def read(self, path: str) -> TreeFile | None:
        data = self.held.get(path.removeprefix("lib/"))
        return None if data is None else TreeFile(data)

    def files(self, folder: str) -> Iterator[tuple[str, TreeFile]]:
        raise AssertionError("nothing is exported")

    def entries(self) -> Iterator[tuple[str, TreeEntry]]:
        yield "elsewhere", TreeEntry(1, identity="e" * 40)
        for path, data in sorted(self.held.items()):
            name = sha1(data, usedforsecurity=False).hexdigest()
            yield f"lib/{path}", TreeEntry(len(data), identity=name)


@attrs.define
class World:
    """A worker that built the wheel of TREE."""

    folder: Path
    report: TraceReport = REPORT
    zlib: str = zlib.ZLIB_RUNTIME_VERSION
    lines: list[str] = attrs.field(factory=list)
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)

    def repacker(self, **files: bytes) -> Repacker:
        """Return what repacks the wheel of TREE with other *files*."""
        lock = parse_build_lock("#: package lib\n", "lock")
        plan = decide(WheelsRequest(packages=("lib",)), (), lock)
        stores = (DiskCache(self.folder / "cache"),)
        runner = make_job_runner(
            self.daemon, Work(self.folder / "work"), self.lines.append, stores=stores
        )
        return Repacker(plan, BUILD_BASE, Tree({**TREE, **files}), runner)

    def build(self) -> None:
        data = wheel(FILES)
        (self.folder / NAME).write_bytes(data)
        made = Wheel(NAME, digest_of(data), len(data), built=True, own=True)
        self.repacker().record_build(0, self.report, BuiltWheel(made, self.folder, self.zlib))

    def repack(self, **files: bytes) -> bytes | None:
        """Build TREE, then return what is repacked with other *files*."""
        self.build()
        out = self.folder / "out"
        out.mkdir()
        made = self.repacker(**files).repack(0, out)
        if made is None:
            return None
        data = (out / made.file).read_bytes()
        assert (made.digest, made.size) == (digest_of(data), len(data))
        return data


NEW = {"src/app/__init__.py": b"y = 2\n" * 90}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_wheel_has_the_new_bytes_and_what_was_built_stays(world: World) -> None:
    assert world.repack(**NEW) == wheel({**FILES, "app/__init__.py": b"y = 2\n" * 90})
    (said,) = world.lines
    assert said == (
        "package lib: repacked instead of built: its build only copies src/app/__init__.py"
    )
    assert (world.folder / NAME).read_bytes() == wheel(FILES)


def test_what_nobody_opened_makes_no_other_wheel(world: World) -> None:
    assert world.repack(notes=b"new") == wheel(FILES)
    assert world.lines == ["package lib: not built: no file changed that its build opens"]


@pytest.mark.parametrize("files", [{"setup.py": b"other()"}, {"new": b""}])
def test_what_a_build_must_see_is_left_to_it(world: World, files: dict[str, bytes]) -> None:
    assert world.repack(**files) is None
    assert world.lines == []


def test_another_zlib_is_asked_where_it_is(world: World) -> None:
    world.zlib = "0.95"
    base = world.daemon.add(str(BUILD_BASE.reference), b"{}")
    tools = {"config": {"Labels": {RESULT: "{}"}}}
    world.daemon.add(
        tools_reference(base, BUILD_TOOLS, lock_files()), json.dumps(tools).encode()
    )
    assert world.repack(**NEW) == wheel({**FILES, "app/__init__.py": b"y = 2\n" * 90})
    assert [job.script for job in world.daemon.jobs] == ["repack"]


@pytest.mark.parametrize(
    "report",
    [
        TraceReport({"src/app/__init__.py": "nowhere.py"}, ("setup.py",)),
        TraceReport({"../other": "app/__init__.py"}, ("setup.py",)),
        TraceReport(REPORT.members, ("setup.py", "nowhere")),
    ],
)
def test_a_build_that_lies_is_not_believed(world: World, report: TraceReport) -> None:
    world.report = report
    assert world.repack(**NEW) is None


def test_what_is_too_large_for_the_memory_is_built(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repack_module, "LARGEST", 10)
    assert world.repack(**NEW) is None
