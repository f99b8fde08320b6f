from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildbot_ship.errors import DigestMismatch
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.reference import digest_of
from buildbot_ship.store.interface import Shelf
from buildbot_ship.store.shelf import DiskShelf
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


def test_what_was_of_use_longest_ago_goes_first(tmp_path: Path) -> None:
    shelf, blobs = DiskShelf(tmp_path / "shelf"), dict[str, Blob]()
    for number, name in enumerate(("old", "used", "new")):
        data = name.encode() * 100
        file = tmp_path / name
        file.write_bytes(data)
        blob = Blob(name, digest_of(data), len(data))
        shelf.keep(name, Entry({}, (blob,)), {blob.digest: file})
        os.utime(file, (number, number))
        blobs[name] = blob
    assert shelf.has(blobs["used"])
    assert shelf.trim(10_000) == 0
    assert shelf.trim(700) == 300
    assert [name for name in blobs if shelf.has(blobs[name])] == ["used", "new"]
    assert (tmp_path / "old").exists()
