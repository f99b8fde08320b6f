from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from buildbot_ship.model.reference import Reference
from buildbot_ship.model.request import BuildRequest, ImageRequest, PexRequest, WheelsRequest
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.source.interface import TreeFile
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.pipeline.overlap import read_bases
from buildbot_ship.verbs.shared.base_image import fetch_base, is_listed
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.images import layer, real_image, store_image
from tests.fakes.job_runner import make_job_runner
from tests.fakes.registry import MemoryRegistry
from tests.unit.verbs.image.test_image import Commit

BASE = "registry.test/team/base:2026-11-23T00-00-00-000000"


@attrs.define
class World:
    """A base in a registry, and a commit whose image stands on it."""

    work: Work
    lines: list[str] = attrs.field(factory=list)
    registry: MemoryRegistry = attrs.field(factory=MemoryRegistry)

    def __attrs_post_init__(self) -> None:
        image = real_image([layer({"usr/bin/python3": b"x"})], [])
        store_image(self.registry, Reference.parse(BASE), image)

    def begin(
        self,
        text: str = f"FROM {BASE}\n",
        layout: str = "layered",
        names: tuple[str, ...] = ("app",),
    ) -> Callable[[], None]:
        """Begin to read ahead for images that are called *names*."""
        runner = make_job_runner(MemoryDaemon(), self.work, self.lines.append, self.registry)
        pex = PexRequest("app.pex", ("app",), layout=layout)
        images = tuple(ImageRequest(name) for name in names)
        tree = Commit({f"{name}.docker": TreeFile(text.encode()) for name in names})
        request = BuildRequest(WheelsRequest(), (pex,), images)
        return read_bases(request, tree=tree, registry=self.registry, runner=runner)

    def read(self, text: str = f"FROM {BASE}\n", layout: str = "layered") -> bool:
        """Read ahead; tell whether the base is known then."""
        self.begin(text, layout)()
        base = fetch_base(Reference.parse(BASE), "linux/amd64", self.registry)
        return is_listed(base, self.work)


@attrs.define
class Asked(MemoryRegistry):
    """A registry that remembers which manifests it was asked for."""

    asked: list[Reference] = attrs.field(factory=list)

    def manifest(self, reference: Reference) -> Manifest | None:
        self.asked.append(reference)
        return super().manifest(reference)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path / "work"))


def test_what_a_base_holds_is_read_once(world: World) -> None:
    assert world.read()
    assert world.read()
    assert len(world.lines) == 1


def test_a_base_of_two_images_is_asked_for_once(tmp_path: Path) -> None:
    registry = Asked()
    World(Work(tmp_path / "work"), registry=registry).begin(names=("one", "other"))()
    assert registry.asked == [Reference.parse(BASE)]


@pytest.mark.parametrize(
    ("text", "layout"), [(f"FROM {BASE}\nRUN x\n", "layered"), (f"FROM {BASE}\n", "zipapp")]
)
def test_what_nobody_needs_is_not_read(world: World, text: str, layout: str) -> None:
    assert not world.read(text, layout)


@pytest.mark.parametrize("text", ["FROM\n", f"FROM {BASE}-gone\n"])
def test_a_fault_is_left_to_who_meets_it_again(world: World, text: str) -> None:
    assert not world.read(text)


def test_a_registry_that_is_down_is_left_as_well(world: World) -> None:
    world.registry.down.add("registry.test")
    world.begin()()
    assert world.lines == []
