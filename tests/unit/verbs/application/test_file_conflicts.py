"""Wheels made here, compared as `BuildPex` does it: what is read, and what is known."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.errors import JobFailed, PackagesConflict
from buildbot_ship.model.application.installed_files import read_listing
from buildbot_ship.model.artefact import Listing, Wheel, Wheelhouse
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import PexRequest
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.application.file_conflicts import (
    ConflictReport,
    compare_trees,
    compare_zipapp,
)
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner

SITE = "lib/python3.11/site-packages"
FACTS: dict[str, Any] = {"version": "3.11.2", "environment": {}}


@attrs.define
class World:
    """Wheels in a work folder, a cache, and no engine that could help."""

    work: Work
    wheels: list[Wheel] = attrs.field(factory=list)

    def add(self, name: str, files: Mapping[str, str], **more: Any) -> Path:
        """Put a wheel of version 1 into the wheelhouse, in place of one of its name."""
        path = self.work.wheelhouse / f"{name}-1-py3-none-any.whl"
        path.parent.mkdir(parents=True, exist_ok=True)
        points = more.pop("points", "")
        info = {"METADATA": f"Name: {name}", "entry_points.txt": points}
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in files.items():
                archive.writestr(member, text)
            for member, text in info.items():
                archive.writestr(f"{name}-1.dist-info/{member}", text)
            told = read_listing(archive, path.name, "3.11")
        listing = Listing(tuple(told["tops"]), told["digest"])
        data = path.read_bytes()
        made = Wheel(path.name, digest_of(data), len(data), built=True, listing=listing, **more)
        self.wheels = [*(w for w in self.wheels if w.name != made.name), made]
        return path

    def compare(self, conflicts: str = "report", layout: str = "layered") -> ConflictReport:
        runner = make_job_runner(
            MemoryDaemon(), self.work, print, None, (DiskCache(self.work.root / "cache"),)
        )
        wheelhouse = Wheelhouse("c" * 40, "base", "", tuple(self.wheels), "build_base")
        names = tuple(wheel.name for wheel in self.wheels)
        request = PexRequest("app.pex", names, layout=layout, conflicts=conflicts)
        if layout == "zipapp":
            return ConflictReport({}, compare_zipapp(request, wheelhouse, FACTS, runner))
        return compare_trees(request, self.wheels, wheelhouse, "3.11", runner)

    def lose(self, *names: str) -> None:
        """Remove wheels from the work folder: no cache has them."""
        for name in names:
            (self.work.wheelhouse / f"{name}-1-py3-none-any.whl").unlink()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path))


def test_packages_that_share_no_name_are_not_read(tmp_path: Path) -> None:
    world = World(Work(tmp_path))
    world.add("a", {"a/x.py": "", "tests.py": ""})
    world.add("b", {"b/x.py": "", "Tests.py": ""})
    world.lose("a", "b")
    assert world.compare() == ConflictReport({}, ())


def test_what_two_packages_ship_is_reported_and_one_of_them_loses_it(world: World) -> None:
    world.add("a", {"tests/__init__.py": "", "tests/x.py": "a", "README": "a"})
    world.add("b", {"tests/__init__.py": "", "tests/x.py": "b", "README.md": "b"})
    world.add("z", {"z.py": ""})
    path = f"{SITE}/tests/x.py"
    assert world.compare() == ConflictReport(
        {"a": (path,)}, ("site-packages/tests/x.py: b 1 wins over a 1",)
    )
    world.lose("a", "b", "z")
    assert world.compare().left_out == {"a": (path,)}


def test_namespace_packages_conflict_where_they_share_a_file(world: World) -> None:
    same = {"google/__init__.py": "__import__('pkg_resources')\n"}
    world.add("a", {**same, "google/a/__init__.py": "a"})
    world.add("b", {**same, "google/b/__init__.py": "b"})
    assert world.compare() == ConflictReport({}, ())
    world.add("c", {"google/__init__.py": "other", "google/b/__init__.py": "c"})
    assert world.compare().lines == (
        "site-packages/google/__init__.py: c 1 wins over a 1 and b 1",
        "site-packages/google/b/__init__.py: c 1 wins over b 1",
    )


def test_scripts_of_one_name_conflict_unless_they_call_the_same(world: World) -> None:
    world.add("a", {}, points="[console_scripts]\nsame = m:f\nother = a:f\nfile = a:f\n")
    world.add("b", {}, points="[console_scripts]\nsame= m : f [x]\nother = b:f\n")
    world.add("c", {"c-1.data/scripts/file": "#!python\n"})
    assert world.compare() == ConflictReport(
        {"a": ("bin/file", "bin/other")},
        ("bin/file: c 1 wins over a 1", "bin/other: b 1 wins over a 1"),
    )


def test_a_place_counts_not_the_way_to_it(world: World) -> None:
    world.add("a", {"a-1.data/platlib/x/m.py": "a", "x/n.py": "a"})
    world.add("b", {"b-1.data/purelib/x/m.py": "b"})
    world.add("c", {f"c-1.data/data/{SITE}/x/n.py": "c"})
    assert world.compare().left_out == {"a": (f"{SITE}/x/m.py", f"{SITE}/x/n.py")}


def test_nobody_gets_a_file_of_the_environment(world: World) -> None:
    world.add("own", {"own-1.data/data/pyvenv.cfg": "home = /"}, own=True)
    world.add("a", {}, points="[console_scripts]\npython = a:main\n")
    assert world.compare() == ConflictReport(
        {"own": ("pyvenv.cfg",), "a": ("bin/python",)},
        (
            "bin/python: the environment wins over a 1",
            "pyvenv.cfg: the environment wins over own 1",
        ),
    )


@pytest.mark.parametrize("conflicts", ["report", "fail", "ignore"])
def test_a_file_where_another_has_a_folder_cannot_be_laid_out(
    world: World, conflicts: str
) -> None:
    world.add("a", {"docs/x": "a"})
    world.add("b", {"docs": "b"})
    with pytest.raises(PackagesConflict) as caught:
        world.compare(conflicts)
    line = "site-packages/docs: a file in one and a folder in another of a 1 and b 1"
    assert str(caught.value) == f"packages of app.pex ship the same file: {line}"
    assert 'layout="zipapp"' in caught.value.remedy
    assert world.compare(conflicts, "zipapp").lines == ()


def test_an_option_makes_a_conflict_an_error_that_names_all_of_it(world: World) -> None:
    world.add("a", {"t/x.py": "a", "t/y.py": "a"})
    world.add("b", {"t/x.py": "b", "t/y.py": "b"})
    assert len(world.compare("ignore").lines) == 2
    with pytest.raises(PackagesConflict) as caught:
        world.compare("fail")
    assert str(caught.value).endswith("t/x.py: b 1 wins over a 1 (and 1 more)")
    assert caught.value.details.splitlines() == list(world.compare().lines)
    with pytest.raises(PackagesConflict):
        world.compare("fail", "zipapp")


def test_a_zipapp_reports_modules_and_the_first_package_wins(world: World) -> None:
    for name in "abc":
        requires = ("c",) if name == "a" else ()
        world.add(name, {"t/x.py": name, "t/words": name}, requires=requires)
    line = "site-packages/t/x.py: a 1 wins over b 1 and c 1"
    assert world.compare(layout="zipapp").lines == (line,)


def test_a_change_of_an_own_package_reads_no_other(world: World) -> None:
    world.add("a", {"space/a.py": "", "tests.py": "a"})
    world.add("own", {"space/own.py": "1", "tests.py": "own"}, own=True)
    first = world.compare()
    assert first.lines == ("site-packages/tests.py: own 1 wins over a 1",)
    world.add("own", {"space/own.py": "2", "tests.py": "own"}, own=True)
    world.lose("a")
    assert world.compare() == first


def test_an_own_package_in_a_shared_folder_is_not_even_read_itself(tmp_path: Path) -> None:
    world = World(Work(tmp_path))
    world.add("a", {"space/a.py": ""})
    world.add("own", {"space/own.py": "1"}, own=True)
    assert world.compare() == ConflictReport({}, ())
    world.add("own", {"space/own.py": "2"}, own=True)
    world.lose("a", "own")
    assert world.compare() == ConflictReport({}, ())


def test_what_cannot_be_read_is_an_error_with_its_name(tmp_path: Path) -> None:
    world = World(Work(tmp_path))
    path = world.add("a", {"x": "a"})
    data = path.read_bytes()[:-40]
    path.write_bytes(data)
    world.wheels = [attrs.evolve(world.wheels[0], digest=digest_of(data))]
    world.add("b", {"x": "b"})
    with pytest.raises(JobFailed, match=r"^a-1-py3-none-any\.whl cannot be installed: "):
        world.compare()
