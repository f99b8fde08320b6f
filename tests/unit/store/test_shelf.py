from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from buildbot_ship.errors import DigestMismatch
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.reference import digest_of
from buildbot_ship.store.interface import Shelf
from buildbot_ship.store.shelf import BLOCK, DiskShelf
from tests.contract.shelf import BLOB, DATA, ENTRY, KEY, ShelfContract


class TestDiskShelf(ShelfContract):
    @pytest.fixture
    def shelf(self, tmp_path: Path) -> Shelf:
        return DiskShelf(tmp_path / "shelf")

    def damage(self, shelf: Shelf) -> None:
        assert isinstance(shelf, DiskShelf)
        (path,) = (shelf.root / "blobs").iterdir()
        path.write_bytes(b"x" + DATA[1:])

    def test_a_damaged_blob_is_gone_afterwards(self, shelf: Shelf, file: Path) -> None:
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        self.damage(shelf)
        with pytest.raises(DigestMismatch):
            shelf.has(BLOB)
        assert not shelf.has(BLOB)
        file.unlink()
        file.write_bytes(DATA)
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        assert shelf.has(BLOB)

    def test_a_torn_entry_is_none(self, shelf: Shelf, tmp_path: Path) -> None:
        shelf.keep(KEY, Entry({}), {})
        (entry,) = (tmp_path / "shelf" / "entries").iterdir()
        entry.write_text('{"record": ')
        assert shelf.find(KEY) is None
        entry.write_text('{"records": {}}')
        assert shelf.find(KEY) is None


NOW = 2e9
ENTRY_AND_BLOB = 2 * BLOCK


def keep(shelf: DiskShelf, folder: Path, name: str, used: int) -> Blob:
    """Keep a blob under *name*, of use *used* seconds after 1970, as its entry."""
    data = name.encode() * 100
    file = folder / name
    file.write_bytes(data)
    blob = Blob(name, digest_of(data), len(data))
    shelf.keep(name, Entry({}, (blob,)), {blob.digest: file})
    for path in (file, shelf.root / "entries" / f"{name}.json"):
        os.utime(path, (used, used))
    return blob


def test_what_was_of_use_longest_ago_goes_first_and_what_is_known_of_it(
    tmp_path: Path,
) -> None:
    shelf = DiskShelf(tmp_path / "shelf")
    names = ("old", "used", "new")
    blobs = {name: keep(shelf, tmp_path, name, used) for used, name in enumerate(names)}
    assert shelf.find("used") is not None
    assert shelf.has(blobs["used"])
    assert shelf.trim(3 * ENTRY_AND_BLOB, NOW) == 0
    assert shelf.trim(3 * ENTRY_AND_BLOB - 1, NOW) == BLOCK
    assert shelf.trim(2 * ENTRY_AND_BLOB, NOW) == BLOCK
    assert [name for name in blobs if shelf.has(blobs[name])] == ["used", "new"]
    assert [name for name in blobs if shelf.find(name)] == ["used", "new"]
    assert (tmp_path / "old").exists()


def test_it_is_looked_at_once_an_hour_whatever_the_clock_does(tmp_path: Path) -> None:
    shelf = DiskShelf(tmp_path / "shelf")
    assert not shelf.is_due(NOW)
    keep(shelf, tmp_path, "wheel", 1)
    assert shelf.is_due(NOW)
    shelf.trim(10**6, NOW)
    assert not shelf.is_due(NOW + 3600)
    assert shelf.is_due(NOW + 3601)
    assert shelf.is_due(NOW - 86400)


def test_what_killed_processes_were_writing_goes_after_a_week(tmp_path: Path) -> None:
    shelf = DiskShelf(tmp_path / "shelf")
    keep(shelf, tmp_path, "wheel", 1)
    torn = shelf.root / "new" / "torn"
    torn.write_bytes(b"half of it")
    shelf.trim(10**6, time.time())
    assert torn.exists()
    shelf.trim(10**6, time.time() + 8 * 86400)
    assert not torn.exists()
