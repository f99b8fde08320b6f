"""A launcher on its base: found once, started by what was found, with what the base lacks."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import OutputMissing
from buildbot_ship.model.artefact import Layer, Needs, Pex, Wheelhouse
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.image.context import Context
from buildbot_ship.model.image.filesystem import FILE, Filesystem
from buildbot_ship.model.image.pattern import NOTHING
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.store.shelf import DiskShelf
from buildbot_ship.store.work import Work
from buildbot_ship.verbs.content import Contents
from buildbot_ship.verbs.fitting import fit
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.workshop import make_workshop
from tests.unit.verbs.test_image import Commit

COMMIT = "c" * 40
TOOLS = "ship.local/tools:1"
BASE = Base(
    Reference.parse("registry.test/slim@sha256:" + "a" * 64),
    "",
    {"layers": []},
    {"config": {"Env": ["PATH=/opt/bin:/usr/bin"]}},
)
WHOLE = Filesystem({"usr/bin/python3.11": FILE})
BARE = Filesystem({**WHOLE.nodes, "usr/lib/python3.11/os.py": FILE})
DOCKERFILE = b"FROM registry.test/slim:1\n"
LAUNCHER = b"#!/usr/bin/env python3.11\nmain()\n"
FITTED = b"#!/usr/bin/python3.11 -sS\nmain()\n"
OWN = Layer("sha256:" + "1" * 64, "sha256:" + "2" * 64, 10, of_pex=True)


@attrs.define
class World:
    """A base that holds *files*, and an engine that compiles what it is asked for."""

    folder: Path
    files: Filesystem
    looks: int = 0
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)

    def __attrs_post_init__(self) -> None:
        self.daemon.scripts["library"] = self.compile
        self.daemon.add(TOOLS, b"{}")
        self.work.save(Wheelhouse(COMMIT, "example.com/base:1", TOOLS, (), "ground"))

    @property
    def work(self) -> Work:
        return Work(self.folder / "work")

    def compile(self, job: Job, out: Path) -> dict[str, Any]:
        tar = " ".join(job.arguments["modules"]).encode()
        packed = gzip.compress(tar, mtime=0)
        (out / "library.tar.gz").write_bytes(packed)
        told = {"diff_id": digest_of(tar), "digest": digest_of(packed), "size": len(packed)}
        return {"ok": True, **told}

    def look(self) -> Filesystem:
        self.looks += 1
        return self.files

    def fit(self, given: Contents, number: int, dockerfile: bytes = DOCKERFILE) -> Contents:
        """Fit, as a process of its own would."""
        scratch = self.folder / str(number)
        scratch.mkdir()
        shelves = (DiskShelf(self.folder / "cache"),)
        shop = make_workshop(self.daemon, self.work, print, None, shelves)
        dockerfile_read = read(dockerfile, "app.docker")
        return fit(given, BASE, dockerfile_read, files=self.look, shop=shop, scratch=scratch)


def contents(folder: Path) -> Contents:
    """Return a layered pex and a zipapp that are called like folders of the work."""
    size = len(LAUNCHER)
    records = (
        Pex(COMMIT, "image", digest_of(LAUNCHER), size, (OWN,), Needs("3.11")),
        Pex(COMMIT, "app", digest_of(LAUNCHER), size),
    )
    paths = {record.name: folder / f"{record.name}.file" for record in records}
    for path in paths.values():
        path.write_bytes(LAUNCHER)
    return Contents(Context.of([]), Commit({}), {}, NOTHING, paths, records)


def test_the_launcher_alone_is_written_anew_and_the_base_read_once(tmp_path: Path) -> None:
    world, given = World(tmp_path, WHOLE), contents(tmp_path)
    for number in range(2):
        made = world.fit(given, number)
        assert made.pexes["image"].read_bytes() == FITTED
        assert made.records[0].digest == digest_of(FITTED)
        assert made.records[0].size == len(FITTED)
        assert made.records[0].layers == (OWN,)
        assert (made.pexes["app"], made.records[1]) == (given.pexes["app"], given.records[1])
        assert given.pexes["image"].read_bytes() == LAUNCHER
    assert (world.looks, world.daemon.jobs) == (1, [])


def test_a_base_whose_library_lacks_bytecode_gets_it_in_the_lowest_layer(
    tmp_path: Path,
) -> None:
    world, given = World(tmp_path, BARE), contents(tmp_path)
    first, second = world.fit(given, 0), world.fit(given, 1)
    library, own = first.records[0].layers
    assert own == OWN
    assert library.title == "bytecode of the library of Python 3.11"
    assert (library.verb, own.verb) == ("BuildRuntimeImage", "BuildPex")
    assert gzip.decompress(world.work.layer(library.digest).read_bytes()) == b"os.py"
    assert first.records[1] == given.records[1]
    assert second.records == first.records
    (job,) = world.daemon.jobs
    assert (job.image, job.network) == (TOOLS, False)
    assert world.looks == 1


def test_another_ground_makes_another_layer(tmp_path: Path) -> None:
    world, given = World(tmp_path, BARE), contents(tmp_path)
    first = world.fit(given, 0).records[0].layers[0]
    world.work.save(Wheelhouse(COMMIT, "example.com/base:2", TOOLS, (), "moved"))
    assert world.fit(given, 1).records[0].layers[0].key != first.key


def test_a_layer_takes_the_wheelhouse_of_its_commit(tmp_path: Path) -> None:
    world = World(tmp_path, BARE)
    world.work.save(Wheelhouse("d" * 40, "example.com/base:1", TOOLS, (), "ground"))
    with pytest.raises(OutputMissing, match="the wheelhouse"):
        world.fit(contents(tmp_path), 0)


def test_what_the_engine_builds_gets_the_launcher_as_it_is(tmp_path: Path) -> None:
    given = contents(tmp_path)
    assert World(tmp_path, BARE).fit(given, 0, DOCKERFILE + b"RUN true\n") is given
