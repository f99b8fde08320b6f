from __future__ import annotations

from pathlib import Path

import pytest

from buildbot_ship.errors import RegistryUnavailable
from buildbot_ship.model.image.manifest import OCI_MANIFEST
from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.registry.shelf import RegistryShelf
from buildbot_ship.store.interface import Shelf
from tests.contract.shelf import BLOB, DATA, ENTRY, KEY, ShelfContract
from tests.fakes.registry import MemoryRegistry

CACHE = Repository.parse("example.com/team/cache")


class TestRegistryShelf(ShelfContract):
    @pytest.fixture
    def registry(self) -> MemoryRegistry:
        return MemoryRegistry(verifies=True)

    @pytest.fixture
    def shelf(self, registry: MemoryRegistry) -> Shelf:
        return RegistryShelf(registry, CACHE)

    def damage(self, shelf: Shelf) -> None:
        assert isinstance(shelf, RegistryShelf)
        assert isinstance(shelf.registry, MemoryRegistry)
        shelf.registry.blobs[CACHE, BLOB.digest] = b"x" + DATA[1:]

    def test_who_is_not_trusted_reads_and_never_writes(
        self, shelf: Shelf, registry: MemoryRegistry, file: Path
    ) -> None:
        reader = RegistryShelf(registry, CACHE, writes=False)
        reader.keep(KEY, ENTRY, {BLOB.digest: file})
        assert (registry.calls, reader.find(KEY)) == ([], None)
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        assert reader.find(KEY) == ENTRY
        assert reader.fetch(BLOB, file.parent / "a.whl")

    def test_a_kept_entry_is_looked_at_once_and_sent_never_again(
        self, shelf: Shelf, registry: MemoryRegistry, file: Path
    ) -> None:
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        sent = list(registry.calls)
        shelf.keep(KEY, ENTRY, {BLOB.digest: file})
        assert registry.calls == sent
        assert sent[-1] == f"put {CACHE}:{KEY}"

    def test_another_ones_manifest_is_no_entry(
        self, shelf: Shelf, registry: MemoryRegistry
    ) -> None:
        registry.store(CACHE.tagged(KEY), Manifest(OCI_MANIFEST, b'{"layers": []}'))
        assert shelf.find(KEY) is None

    def test_a_registry_that_is_down_says_so(
        self, shelf: Shelf, registry: MemoryRegistry
    ) -> None:
        registry.down.add("example.com")
        with pytest.raises(RegistryUnavailable):
            shelf.find(KEY)
