"""The contract of every CacheStore; a subclass provides `store` and `damage`."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from buildbot_ship.errors import DigestMismatch
from buildbot_ship.model.cache import Blob, Entry
from buildbot_ship.model.cache_key import key
from buildbot_ship.model.reference import digest_of
from buildbot_ship.store.cache_interface import CacheStore

DATA = b"a wheel" * 1000
BLOB = Blob("a.whl", digest_of(DATA), len(DATA))
ENTRY = Entry({"file": "a.whl", "built": True, "sizes": [1, 2]}, (BLOB,))
KEY = key("wheel", source="abc")


class CacheStoreContract:
    """The tests of the contract."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "made.whl"
        path.write_bytes(DATA)
        return path

    def damage(self, store: CacheStore) -> None:
        """Change the stored bytes of the blob."""
        raise NotImplementedError

    def test_a_kept_entry_is_found(self, store: CacheStore, file: Path) -> None:
        assert store.find(KEY) is None
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        assert store.find(KEY) == ENTRY
        assert store.has(BLOB)
        assert store.find(key("wheel", source="abd")) is None
        assert not store.has(attrs.evolve(BLOB, digest=digest_of(b"other")))

    def test_a_record_needs_no_blob(self, store: CacheStore) -> None:
        store.keep(KEY, Entry({"a": None}), {})
        assert store.find(KEY) == Entry({"a": None})

    def test_an_entry_can_be_kept_and_fetched_twice(
        self, store: CacheStore, file: Path, tmp_path: Path
    ) -> None:
        for _ in range(2):
            store.keep(KEY, ENTRY, {BLOB.digest: file})
        assert store.fetch(BLOB, tmp_path / "new" / "a.whl")
        assert (tmp_path / "new" / "a.whl").read_bytes() == DATA
        assert store.fetch(BLOB, tmp_path / "new" / "a.whl")

    def test_a_missing_blob_is_not_fetched(self, store: CacheStore, tmp_path: Path) -> None:
        other = attrs.evolve(BLOB, digest=digest_of(b"other"))
        assert not store.fetch(other, tmp_path / "other")
        assert [path.name for path in tmp_path.iterdir() if "other" in path.name] == []

    def test_a_damaged_blob_is_never_given_out(
        self, store: CacheStore, file: Path, tmp_path: Path
    ) -> None:
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        self.damage(store)
        with pytest.raises(DigestMismatch):
            store.fetch(BLOB, tmp_path / "a.whl")
        assert not (tmp_path / "a.whl").exists()
