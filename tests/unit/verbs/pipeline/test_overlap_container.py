"""A container that is made ready early, where what wheels are made of is new."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request import WheelsRequest
from buildbot_ship.source.interface import TreeFile
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.pipeline.overlap import prepare_container
from buildbot_ship.verbs.shared.job_runner import JobRunner
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.images import layer, real_image, store_image
from tests.fakes.job_runner import make_job_runner
from tests.fakes.registry import MemoryRegistry
from tests.unit.verbs.image.test_image import Commit

BASE = "registry.test/team/base:2026-11-23T00-00-00-000000"
FILES = {
    "build.docker": f"FROM {BASE}\n",
    "app.docker": "FROM other\n",
    "requirements.strict.txt": "six==1\n",
    "app/setup.py": "setup()\n",
    "docs/page.md": "words\n",
}
REQUEST = WheelsRequest(packages=("app",))


@attrs.define
class World:
    """A worker, and commits that it gets."""

    folder: Path
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)
    registry: MemoryRegistry = attrs.field(factory=MemoryRegistry)

    def __attrs_post_init__(self) -> None:
        image = real_image([layer({"usr/bin/python3": b"x"})], [])
        store_image(self.registry, Reference.parse(BASE), image)

    def runner(self) -> JobRunner:
        store, work = DiskCache(self.folder / "cache"), Work(self.folder / "work")
        return make_job_runner(
            self.daemon, work, print, self.registry, (store,), in_pipeline=True
        )

    def tree(self, **changed: str) -> Commit:
        files = FILES | {path.replace("__", "."): text for path, text in changed.items()}
        return Commit({path: TreeFile(text.encode()) for path, text in files.items()})

    def expects(self, tree: Commit, request: WheelsRequest = REQUEST) -> bool:
        self.daemon.prepared.clear()
        prepare_container(request, tree=tree, runner=self.runner())
        return bool(self.daemon.prepared)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    assert made.expects(made.tree(), attrs.evolve(REQUEST, revision="v1"))
    return made


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, False),
        ({"app__docker": "FROM another\n"}, False),
        ({"docs/page.md": "more words\n"}, False),
        ({"app/setup.py": "setup(name='app')\n"}, True),
        ({"app/new.py": ""}, True),
        ({"requirements__strict__txt": "six==2\n"}, True),
    ],
)
def test_a_container_is_expected_for_what_is_new(
    world: World, changed: dict[str, str], *, expected: bool
) -> None:
    assert world.expects(world.tree(**changed)) is expected


def test_other_options_are_other_sources(world: World) -> None:
    assert world.expects(world.tree(), attrs.evolve(REQUEST, packages=("app", "docs")))


@pytest.mark.parametrize("text", ["FROM\n", f"FROM {BASE}-gone\n"])
def test_a_fault_is_left_to_the_verb_that_meets_it_again(world: World, text: str) -> None:
    assert not world.expects(world.tree(build__docker=text))


def test_a_base_is_asked_for_once(world: World) -> None:
    runner = world.runner()
    first = runner.build_base(Reference.parse(BASE))
    world.registry.down.add("registry.test")
    assert runner.build_base(Reference.parse(BASE)) is first
