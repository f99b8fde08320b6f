from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.shared_cache import SharedCache
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.verbs.shared.cache import Cache
from tests.contract.cache_store import BLOB, DATA, ENTRY, KEY
from tests.fakes.registry import MemoryRegistry


class World:
    """A worker's own cache and a shared one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.registry = MemoryRegistry()
        self.disk = DiskCache(folder / "disk")
        self.shared = SharedCache(self.registry, Repository.parse("example.com/cache"))
        self.file = folder / "made"
        self.file.write_bytes(DATA)

    def cache(self, *, reads: bool = True) -> Cache:
        return Cache(self.lines.append, [self.disk, self.shared], reads)

    def keep(self, *, shared: bool = True) -> None:
        self.cache().keep(KEY, ENTRY, {BLOB.digest: self.file}, shared=shared)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_nearest_shelf_is_asked_first(world: World) -> None:
    world.keep()
    world.registry.down.add("example.com")
    assert world.cache().find(KEY) == ENTRY
    assert world.cache().fetch(BLOB, world.folder / "a")
    assert world.lines == []


def test_another_worker_has_what_is_shared(world: World) -> None:
    world.keep()
    other = Cache(world.lines.append, [DiskCache(world.folder / "other"), world.shared])
    assert other.find(KEY) == ENTRY
    assert other.find(KEY, shared=False) is None
    assert other.fetch(BLOB, world.folder / "a")
    assert (world.folder / "a").read_bytes() == DATA


def test_what_is_for_this_worker_stays_here(world: World) -> None:
    world.keep(shared=False)
    assert world.registry.calls == []
    assert world.cache().find(KEY) == ENTRY


def test_without_reads_nothing_is_known_and_all_is_kept(world: World) -> None:
    world.keep()
    cache = world.cache(reads=False)
    assert cache.find(KEY) is None
    cache.keep("new", ENTRY, {BLOB.digest: world.file})
    assert world.cache().find("new") == ENTRY


def test_a_cache_that_is_down_is_left_out_after_one_try(world: World) -> None:
    world.registry.down.add("example.com")
    cache = world.cache()
    assert cache.find(KEY) is None
    cache.keep(KEY, ENTRY, {BLOB.digest: world.file})
    assert cache.find(KEY) == ENTRY
    (line,) = world.lines
    assert line.startswith("cache: continuing without the cache example.com/cache: ")


def test_damaged_bytes_are_not_known(world: World) -> None:
    world.keep(shared=False)
    world.disk.root.joinpath("blobs", BLOB.digest[7:]).write_bytes(b"x")
    assert world.cache().find(KEY) is None
    assert world.cache().find(KEY) is None
    (line,) = world.lines
    assert line.endswith("building it again")


def test_damaged_bytes_come_from_elsewhere_and_that_is_said(world: World) -> None:
    world.keep()
    world.disk.root.joinpath("blobs", BLOB.digest[7:]).write_bytes(b"x")
    assert world.cache().fetch(BLOB, world.folder / "a")
    assert (world.folder / "a").read_bytes() == DATA
    (line,) = world.lines
    assert "a.whl in this worker's cache has digest" in line
    assert line.endswith("building it again")
