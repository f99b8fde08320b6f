"""The cache of a verb: it reads its stores in order, and goes on if one of them fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from ...errors import DigestMismatch, ShipError
from ...model.cache import Blob, Entry
from ...model.log import Log
from ...model.reference import Repository
from ...store.cache_interface import CacheStore

T = TypeVar("T")


@attrs.define
class Cache:
    """The cache *stores*, the nearest first.  Without *reads* every `find` is a miss."""

    log: Log
    stores: list[CacheStore] = attrs.field(factory=list)
    reads: bool = True

    def find(self, key: str, *, shared: bool = True) -> Entry | None:
        """Return the entry of the cache key *key* if all its blobs are intact, or None.

        With *shared* false only this worker's cache is asked.
        """
        if not self.reads:
            return None
        for store in list(self.stores):
            if shared or not store.shared:
                entry = self._try(store, partial(store.find, key))
                if entry is not None and self._has(store, entry):
                    return entry
        return None

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Write *blob* to *into* and verify it; return False if no store has it.

        A damaged blob is logged, and counts as missing.
        """
        for store in list(self.stores):
            if self._try(store, partial(store.fetch, blob, into)):
                return True
        return False

    def keep(
        self, key: str, entry: Entry, files: Mapping[str, Path], *, shared: bool = True
    ) -> None:
        """Store *entry* and its *files* (by digest) under the cache key *key*.

        With *shared* false only this worker's cache gets it.
        """
        for store in list(self.stores):
            if shared or not store.shared:
                self._try(store, partial(store.keep, key, entry, files))

    def share(self, key: str, entry: Entry, near: Repository) -> None:
        """Store *entry* in the shared caches; the repository *near* holds its blobs."""
        for store in list(self.stores):
            if store.shared:
                self._try(store, partial(store.keep, key, entry, near))

    def repositories(self) -> list[Repository]:
        """Return the repositories of the shared caches."""
        repositories = [store.repository for store in self.stores]
        return [repository for repository in repositories if repository is not None]

    def _has(self, store: CacheStore, entry: Entry) -> bool:
        return all(self._try(store, partial(store.has, blob)) for blob in entry.blobs)

    def _try(self, store: CacheStore, call: Callable[[], T]) -> T | None:
        """Return what *call* returns; after an error log it, and stop using *store*."""
        try:
            return call()
        except DigestMismatch as error:
            self.log(f"cache: {error}; building it again")
        except (ShipError, OSError) as error:
            self.log(f"cache: continuing without {store.title}: {error}")
            self.stores.remove(store)
        return None
