"""A launcher on its base: found once, started by what was found, with what the base lacks."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import BaseUnfit, OutputMissing
from buildbot_ship.model.artefact import Layer, Needs, Pex, Wheelhouse
from buildbot_ship.model.filesystem.build_context import Context, link
from buildbot_ship.model.filesystem.filesystem import FILE, Filesystem
from buildbot_ship.model.filesystem.path_pattern import NOTHING
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.image.layer import Member
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.image.build_context import Contents
from buildbot_ship.verbs.image.runtime_environment import (
    RuntimeBase,
    RuntimeEnvironment,
    find_environment,
    find_virtual_environment,
    rewrite_launchers,
)
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.job_runner import make_job_runner
from tests.unit.verbs.image.test_image import Commit

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
LAUNCHER = b"#!/usr/bin/env python3.11\nmain()\n"
REWRITTEN = b"#!/opt/ship/bin/python\nmain()\n"
OWN = Layer("sha256:" + "1" * 64, "sha256:" + "2" * 64, 10, of_pex=True)


@attrs.define
class World:
    """A base that holds *files*, and an engine that compiles what it is asked for."""

    folder: Path
    files: Filesystem
    looks: int = 0
    daemon: MemoryDaemon = attrs.field(factory=MemoryDaemon)

    def __attrs_post_init__(self) -> None:
        self.daemon.scripts["stdlib_bytecode"] = self.compile
        self.daemon.add(TOOLS, b"{}")
        self.work.save(Wheelhouse(COMMIT, "example.com/base:1", TOOLS, (), "build_base"))

    @property
    def work(self) -> Work:
        return Work(self.folder / "work")

    def compile(self, job: Job, out: Path) -> dict[str, Any]:
        tar = " ".join(job.arguments["modules"]).encode()
        packed = gzip.compress(tar, mtime=0)
        (out / "library.tar.gz").write_bytes(packed)
        told = {"diff_id": digest_of(tar), "digest": digest_of(packed), "size": len(packed)}
        return {"ok": True, **told}

    def list_files(self) -> Filesystem:
        self.looks += 1
        return self.files

    def find(self, given: Contents) -> RuntimeEnvironment:
        """Return what the pexes need, as a new process finds it."""
        stores = (DiskCache(self.folder / "cache"),)
        runner = make_job_runner(self.daemon, self.work, print, None, stores)
        runtime_base = RuntimeBase(BASE, "/opt/bin:/usr/bin", cache(self.list_files))
        return find_environment(given.records, runtime_base, runner)


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


def linked(members: Iterable[Member]) -> dict[str, str]:
    return {member.path: member.target for member in members if member.target}


ENVIRONMENT = {
    "opt/ship/bin/python": "/usr/bin/python3.11",
    "opt/ship/bin/python3": "python",
    "opt/ship/bin/python3.11": "python",
    "opt/ship/lib64": "lib",
}


def test_launchers_alone_are_written_anew(tmp_path: Path) -> None:
    given = contents(tmp_path)
    made = rewrite_launchers(given, tmp_path)
    assert made.pexes["image"].read_bytes() == REWRITTEN
    assert made.records[0].digest == digest_of(REWRITTEN)
    assert made.records[0].size == len(REWRITTEN)
    assert made.records[0].layers == (OWN,)
    assert (made.pexes["app"], made.records[1]) == (given.pexes["app"], given.records[1])
    assert given.pexes["image"].read_bytes() == LAUNCHER


def test_a_base_is_read_once_for_the_environment_on_it(tmp_path: Path) -> None:
    world, given = World(tmp_path, WHOLE), contents(tmp_path)
    for _ in range(2):
        made = world.find(given)
        assert made.layers == ()
        assert linked(made.members) == ENVIRONMENT
        (settings,) = (member for member in made.members if member.opener)
        assert settings.path == "opt/ship/pyvenv.cfg"
        assert settings.opener is not None
        assert settings.opener().read().splitlines() == [
            b"home = /usr/bin",
            b"include-system-site-packages = false",
            b"version = 3.11",
            b"executable = /usr/bin/python3.11",
        ]
    assert (world.looks, world.daemon.jobs) == (1, [])


def test_the_environment_is_that_of_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    there = {"opt/bin/python3.11": link("../py/bin/python3.11"), "opt/py/bin/python3.11": FILE}
    made = World(tmp_path, Filesystem(there)).find(contents(tmp_path))
    assert linked(made.members)["opt/ship/bin/python"] == "/opt/py/bin/python3.11"


def test_where_no_pex_is_layered_no_environment_is_made(tmp_path: Path) -> None:
    world, given = World(tmp_path, BARE), contents(tmp_path)
    assert world.find(attrs.evolve(given, records=given.records[1:])) == RuntimeEnvironment()
    assert world.looks == 0


def test_a_base_whose_library_lacks_bytecode_gets_a_layer_of_it(tmp_path: Path) -> None:
    world, given = World(tmp_path, BARE), contents(tmp_path)
    first, second = world.find(given), world.find(given)
    (library,) = first.layers
    assert library.title == "bytecode of the library of Python 3.11"
    assert (library.verb, OWN.verb) == ("BuildRuntimeImage", "BuildPex")
    assert gzip.decompress(world.work.layer(library.digest).read_bytes()) == b"os.py"
    assert second.layers == first.layers
    (job,) = world.daemon.jobs
    assert (job.image, job.network) == (TOOLS, False)
    assert world.looks == 1


def test_another_build_base_makes_another_layer(tmp_path: Path) -> None:
    world, given = World(tmp_path, BARE), contents(tmp_path)
    first = world.find(given).layers[0]
    world.work.save(Wheelhouse(COMMIT, "example.com/base:2", TOOLS, (), "moved"))
    assert world.find(given).layers[0].key != first.key


def test_a_layer_takes_the_wheelhouse_of_its_commit(tmp_path: Path) -> None:
    world = World(tmp_path, BARE)
    world.work.save(Wheelhouse("d" * 40, "example.com/base:1", TOOLS, (), "build_base"))
    with pytest.raises(OutputMissing, match="the wheelhouse"):
        world.find(contents(tmp_path))


def test_what_the_engine_built_has_an_environment_of_the_python_in_it(tmp_path: Path) -> None:
    records = contents(tmp_path).records
    made = find_virtual_environment(records, RuntimeBase(BASE, "/usr/bin", lambda: BARE))
    assert linked(made) == ENVIRONMENT
    empty = RuntimeBase(BASE, "/usr/bin", Filesystem)
    with pytest.raises(BaseUnfit, match=r"image does not run on .*: it needs Python 3\.11"):
        find_virtual_environment(records, empty)
    assert find_virtual_environment(records[1:], empty) == ()
