"""A launcher on its base: found once, and started by what was found."""

from __future__ import annotations

from pathlib import Path

from buildbot_ship.model.artefact import Needs, Pex
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.image.context import Context
from buildbot_ship.model.image.filesystem import FILE, Filesystem
from buildbot_ship.model.image.pattern import NOTHING
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.store.shelf import DiskShelf
from buildbot_ship.verbs.cache import Cache
from buildbot_ship.verbs.content import Contents
from buildbot_ship.verbs.fitting import fit
from tests.unit.verbs.test_image import Commit

BASE = Base(
    Reference.parse("registry.test/slim@sha256:" + "a" * 64),
    "",
    {"layers": []},
    {"config": {"Env": ["PATH=/opt/bin:/usr/bin"]}},
)
LAUNCHER = b"#!/usr/bin/env python3.11\nmain()\n"
FITTED = b"#!/usr/bin/python3.11 -sS\nmain()\n"


def contents(folder: Path) -> Contents:
    """Return a layered pex and a zipapp that are called like folders of the work."""
    records = (
        Pex("c" * 40, "image", digest_of(LAUNCHER), len(LAUNCHER), (), Needs("3.11")),
        Pex("c" * 40, "app", digest_of(LAUNCHER), len(LAUNCHER)),
    )
    paths = {record.name: folder / f"{record.name}.file" for record in records}
    for path in paths.values():
        path.write_bytes(LAUNCHER)
    return Contents(Context.of([]), Commit({}), {}, NOTHING, paths, records)


def test_the_launcher_alone_is_written_anew_and_the_base_read_once(tmp_path: Path) -> None:
    looks: list[str] = []

    def files() -> Filesystem:
        looks.append("look")
        return Filesystem({"usr/bin/python3.11": FILE})

    for number in range(2):
        cache = Cache(print, [DiskShelf(tmp_path / "cache")])
        scratch = tmp_path / str(number)
        scratch.mkdir()
        dockerfile = read(b"FROM registry.test/slim:1\n", "app.docker")
        given = contents(tmp_path)
        made = fit(given, BASE, dockerfile, files=files, cache=cache, scratch=scratch)
        assert made.pexes["image"].read_bytes() == FITTED
        assert made.records[0].digest == digest_of(FITTED)
        assert made.records[0].size == len(FITTED)
        assert (made.pexes["app"], made.records[1]) == (given.pexes["app"], given.records[1])
        assert given.pexes["image"].read_bytes() == LAUNCHER
    assert looks == ["look"]


def test_what_the_engine_builds_gets_the_launcher_as_it_is(tmp_path: Path) -> None:
    dockerfile = read(b"FROM registry.test/slim:1\nRUN true\n", "app.docker")
    given = contents(tmp_path)
    cache = Cache(print, [])
    assert (
        fit(given, BASE, dockerfile, files=Filesystem, cache=cache, scratch=tmp_path) is given
    )
