from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from buildbot_ship.errors import DigestMismatch
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.reference import digest_of
from buildbot_ship.store.cache_interface import CacheStore
from buildbot_ship.store.disk_cache import BLOCK, DiskCache
from tests.contract.cache_store import BLOB, DATA, ENTRY, KEY, CacheStoreContract


class TestDiskShelf(CacheStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> CacheStore:
        return DiskCache(tmp_path / "store")

    def damage(self, store: CacheStore) -> None:
        assert isinstance(store, DiskCache)
        (path,) = (store.root / "blobs").iterdir()
        path.write_bytes(b"x" + DATA[1:])

    def test_a_damaged_blob_is_gone_afterwards(self, store: CacheStore, file: Path) -> None:
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        self.damage(store)
        with pytest.raises(DigestMismatch):
            store.has(BLOB)
        assert not store.has(BLOB)
        file.unlink()
        file.write_bytes(DATA)
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        assert store.has(BLOB)

    def test_a_torn_entry_is_none(self, store: CacheStore, tmp_path: Path) -> None:
        store.keep(KEY, Entry({}), {})
        (entry,) = (tmp_path / "store" / "entries").iterdir()
        entry.write_text('{"record": ')
        assert store.find(KEY) is None
        entry.write_text('{"records": {}}')
        assert store.find(KEY) is None


NOW = 2e9
ENTRY_AND_BLOB = 2 * BLOCK


def keep(store: DiskCache, folder: Path, name: str, used: int) -> Blob:
    """Keep a blob under *name*, of use *used* seconds after 1970, as its entry."""
    data = name.encode() * 100
    file = folder / name
    file.write_bytes(data)
    blob = Blob(name, digest_of(data), len(data))
    store.keep(name, Entry({}, (blob,)), {blob.digest: file})
    for path in (file, store.root / "entries" / f"{name}.json"):
        os.utime(path, (used, used))
    return blob


def test_what_was_of_use_longest_ago_goes_first_and_what_is_known_of_it(
    tmp_path: Path,
) -> None:
    store = DiskCache(tmp_path / "store")
    names = ("old", "used", "new")
    blobs = {name: keep(store, tmp_path, name, used) for used, name in enumerate(names)}
    assert store.find("used") is not None
    assert store.has(blobs["used"])
    assert store.trim(3 * ENTRY_AND_BLOB, NOW) == 0
    assert store.trim(3 * ENTRY_AND_BLOB - 1, NOW) == BLOCK
    assert store.trim(2 * ENTRY_AND_BLOB, NOW) == BLOCK
    assert [name for name in blobs if store.has(blobs[name])] == ["used", "new"]
    assert [name for name in blobs if store.find(name)] == ["used", "new"]
    assert (tmp_path / "old").exists()


def test_it_is_looked_at_once_an_hour_whatever_the_clock_does(tmp_path: Path) -> None:
    store = DiskCache(tmp_path / "store")
    assert not store.is_due(NOW)
    keep(store, tmp_path, "wheel", 1)
    assert store.is_due(NOW)
    store.trim(10**6, NOW)
    assert not store.is_due(NOW + 3600)
    assert store.is_due(NOW + 3601)
    assert store.is_due(NOW - 86400)


def test_what_killed_processes_were_writing_goes_after_a_week(tmp_path: Path) -> None:
    store = DiskCache(tmp_path / "store")
    keep(store, tmp_path, "wheel", 1)
    torn = store.root / "new" / "torn"
    torn.write_bytes(b"half of it")
    store.trim(10**6, time.time())
    assert torn.exists()
    store.trim(10**6, time.time() + 8 * 86400)
    assert not torn.exists()
