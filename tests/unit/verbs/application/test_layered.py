from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import DigestMismatch, RequirementMissing
from buildbot_ship.model.artefact import Listing, Needs, Pex, Wheel, Wheelhouse
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request import PexRequest
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.application.layered import make_layered
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner

COMMIT = "c" * 40
FACTS = {"version": "3.11.7", "abi": "cpython-311-x86_64-linux-gnu", "environment": {}}
BASE = "example.com/base:1"


def wheel(file: str, **more: Any) -> Wheel:
    """Return a wheel whose bytes are its name."""
    listing = Listing((f"lib/python3.11/site-packages/{file.partition('-')[0]}",), "listing")
    digest = digest_of(file.encode())
    return Wheel(file, digest, more.pop("size", 10), listing=listing, **more)


BIG = wheel("big-1-cp311-cp311-manylinux_2_28_x86_64.whl", size=10**6, glibc=28)
SMALL = wheel("small-1-py3-none-any.whl")
OWN = wheel("own-1-py3-none-any.whl", built=True, own=True, requires=("big", "small"))
CHANGED = wheel("own-2-py3-none-any.whl", built=True, own=True, requires=("big", "small"))


@attrs.define
class World:
    """A wheelhouse, and an engine that installs whatever it is given."""

    work: Work
    own: Wheel = OWN
    lines: list[str] = attrs.field(factory=list)
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)
    lies: dict[str, str] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.daemon.scripts["install"] = self.install
        self.daemon.scripts["tools"] = lambda job, out: {"ok": True, **FACTS}
        self.daemon.add(BASE, b'{"rootfs": {"diff_ids": []}}')
        for made in (BIG, SMALL, OWN, CHANGED):
            path = self.work.wheelhouse / made.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(made.file.encode())

    def install(self, job: Job, out: Path) -> dict[str, Any]:
        layers = {}
        for name, wheels in job.arguments["layers"].items():
            tar = "+".join(wheel["digest"] for wheel in wheels).encode()
            packed = gzip.compress(tar, mtime=0)
            (out / f"{name}.tar.gz").write_bytes(packed)
            told = {
                "diff_id": digest_of(tar),
                "digest": digest_of(packed),
                "size": len(packed),
                "elf": {},
            }
            layers[name] = {**told, **self.lies}
        return {"ok": True, "layers": layers}

    def run(self, *requirements: str, build_base: str = "build_base") -> Pex:
        wheelhouse = Wheelhouse(COMMIT, BASE, "", (BIG, SMALL, self.own), build_base)
        stores = (DiskCache(self.work.root / "cache"),)
        runner = make_job_runner(self.daemon, self.work, self.lines.append, None, stores)
        request = PexRequest("app.pex", requirements or ("own",), script=None, module="own")
        record, lines = make_layered(request, wheelhouse, runner)
        assert lines == ()
        return record

    def asked(self) -> list[list[str]]:
        """Return the wheels that each job got."""
        return [
            [file.path.removeprefix("wheelhouse/") for file in j.inputs]
            for j in self.daemon.jobs
            if j.script == "install"
        ]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Work(tmp_path))


def test_one_container_makes_all_layers_and_a_launcher_is_the_file(world: World) -> None:
    pex = world.run()
    assert [layer.title for layer in pex.layers] == ["big 1", "small 1", "own 1"]
    assert world.asked() == [[BIG.file, SMALL.file, OWN.file]]
    job = world.daemon.jobs[-1]
    assert job.image.startswith("ship.local/tools:")
    assert not job.network
    data = world.work.pex("app.pex").read_bytes()
    assert (digest_of(data), len(data)) == (pex.digest, pex.size)
    assert b"'module', 'own')" in data
    for layer in pex.layers:
        assert digest_of(world.work.layer(layer.digest).read_bytes()) == layer.digest


def test_what_is_there_is_not_made_again_and_needs_no_wheels(world: World) -> None:
    first = world.run()
    assert world.run() == first
    world.own = CHANGED
    second = world.run()
    assert world.asked()[1:] == [[CHANGED.file]]
    assert second.layers[:-1] == first.layers[:-1]
    assert second.layers[-1] != first.layers[-1]
    assert second.digest == first.digest
    assert second.whole != first.whole


def test_another_ground_makes_everything_again(world: World) -> None:
    world.run()
    world.run(build_base="other")
    assert len(world.asked()[1]) == 3


def test_a_damaged_layer_is_made_again_and_said(world: World) -> None:
    first = world.run()
    world.work.layer(first.layers[0].digest).write_bytes(b"damaged")
    assert world.run() == first
    assert world.asked()[1] == [BIG.file]
    assert any("the layer of big 1 in this worker's cache has" in line for line in world.lines)


def test_a_layer_that_is_not_what_the_container_says_is_refused(world: World) -> None:
    for key in ("digest", "diff_id"):
        world.lies = {key: "sha256:" + "0" * 64}
        with pytest.raises(DigestMismatch, match="^big 1"):
            world.run()


def test_what_a_base_must_have_follows_from_the_wheels(world: World) -> None:
    assert world.run().needs == Needs("3.11", str(FACTS["abi"]), 28)
    assert world.run("small").needs == Needs("3.11")


def test_what_is_missing_is_said_before_anything_runs(world: World) -> None:
    with pytest.raises(RequirementMissing):
        world.run("own", "gone")
    assert world.asked() == []
