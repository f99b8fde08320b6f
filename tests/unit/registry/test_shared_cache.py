from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.errors import RegistryUnavailable
from buildbot_ship.model.image.manifest import OCI_MANIFEST
from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.registry.shared_cache import SharedCache
from buildbot_ship.store.cache_interface import CacheStore
from tests.contract.cache_store import BLOB, DATA, ENTRY, KEY, CacheStoreContract
from tests.fakes.registry import MemoryRegistry

CACHE = Repository.parse("example.com/team/cache")


class TestRegistryShelf(CacheStoreContract):
    @pytest.fixture
    def registry(self) -> MemoryRegistry:
        return MemoryRegistry(verifies=True)

    @pytest.fixture
    def store(self, registry: MemoryRegistry) -> CacheStore:
        return SharedCache(registry, CACHE)

    def damage(self, store: CacheStore) -> None:
        assert isinstance(store, SharedCache)
        assert isinstance(store.registry, MemoryRegistry)
        store.registry.blobs[CACHE, BLOB.digest] = b"x" + DATA[1:]

    def test_who_is_not_trusted_reads_and_never_writes(
        self, store: CacheStore, registry: MemoryRegistry, file: Path
    ) -> None:
        reader = SharedCache(registry, CACHE, writes=False)
        reader.keep(KEY, ENTRY, {BLOB.digest: file})
        assert (registry.calls, reader.find(KEY)) == ([], None)
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        assert reader.find(KEY) == ENTRY
        assert reader.fetch(BLOB, file.parent / "a.whl")

    def test_a_kept_entry_is_looked_at_once_and_sent_never_again(
        self, store: CacheStore, registry: MemoryRegistry, file: Path
    ) -> None:
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        sent = list(registry.calls)
        store.keep(KEY, ENTRY, {BLOB.digest: file})
        assert registry.calls == sent
        assert sent[-1] == f"put {CACHE}:{KEY}"

    def test_another_ones_manifest_is_no_entry(
        self, store: CacheStore, registry: MemoryRegistry
    ) -> None:
        registry.store(CACHE.tagged(KEY), Manifest(OCI_MANIFEST, b'{"layers": []}'))
        assert store.find(KEY) is None

    def test_a_registry_that_is_down_says_so(
        self, store: CacheStore, registry: MemoryRegistry
    ) -> None:
        registry.down.add("example.com")
        with pytest.raises(RegistryUnavailable):
            store.find(KEY)
