"""What every shelf does, in memory or not; a subclass gives `shelf` and `damage`."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from buildbot_ship.errors import DigestMismatch
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.key import key
from buildbot_ship.model.reference import digest_of
from buildbot_ship.store.interface import Shelf

DATA = b"a wheel" * 1000
BLOB = Blob("a.whl", digest_of(DATA), len(DATA))
ENTRY = Entry({"file": "a.whl", "built": True, "sizes": [1, 2]}, (BLOB,))
KEY = key("wheel", source="abc")


class ShelfContract:
    """The tests."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "made.whl"
        path.write_bytes(DATA)
        return path

    def damage(self, shelf: Shelf) -> None:
        """Change the bytes of the blob where they are kept."""
        raise NotImplementedError

    def test_what_was_kept_is_found(self, shelf: Shelf, file: Path) -> None:
        assert shelf.find(KEY) is None
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        assert shelf.find(KEY) == ENTRY
        assert shelf.has(BLOB)
        assert shelf.find(key("wheel", source="abd")) is None
        assert not shelf.has(attrs.evolve(BLOB, digest=digest_of(b"other")))

    def test_a_record_needs_no_blob(self, shelf: Shelf) -> None:
        shelf.keep(KEY, Entry({"a": None}), {})
        assert shelf.find(KEY) == Entry({"a": None})

    def test_what_is_there_stays(self, shelf: Shelf, file: Path, tmp_path: Path) -> None:
        for _ in range(2):
            shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        assert shelf.fetch(BLOB, tmp_path / "new" / "a.whl")
        assert (tmp_path / "new" / "a.whl").read_bytes() == DATA
        assert shelf.fetch(BLOB, tmp_path / "new" / "a.whl")

    def test_what_is_not_there_is_not_fetched(self, shelf: Shelf, tmp_path: Path) -> None:
        other = attrs.evolve(BLOB, digest=digest_of(b"other"))
        assert not shelf.fetch(other, tmp_path / "other")
        assert [path.name for path in tmp_path.iterdir() if "other" in path.name] == []

    def test_a_damaged_blob_is_never_given_out(
        self, shelf: Shelf, file: Path, tmp_path: Path
    ) -> None:
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        self.damage(shelf)
        with pytest.raises(DigestMismatch):
            shelf.fetch(BLOB, tmp_path / "a.whl")
        assert not (tmp_path / "a.whl").exists()
