"""The cache of a verb: the nearest store first; a broken store never breaks a build."""

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
    """The *stores*, the nearest first; without *reads* everything is made again."""

    log: Log
    stores: list[CacheStore] = attrs.field(factory=list)
    reads: bool = True

    def find(self, key: str, *, shared: bool = True) -> Entry | None:
        """Return what was made under *key*, its blobs being there and undamaged.

        With *shared* false only what this worker has counts.
        """
        if not self.reads:
            return None
        for store in list(self.stores):
            if shared or not store.shared:
                entry = self._ask(store, partial(store.find, key))
                if entry is not None and self._has(store, entry):
                    return entry
        return None

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Write *blob*, verified, to *into*; False when no store has it.

        One whose bytes are others is as good as none, and that is said.
        """
        for store in list(self.stores):
            if self._ask(store, partial(store.fetch, blob, into)):
                return True
        return False

    def keep(
        self, key: str, entry: Entry, files: Mapping[str, Path], *, shared: bool = True
    ) -> None:
        """Keep *entry*; with *shared* false on this worker only."""
        for store in list(self.stores):
            if shared or not store.shared:
                self._ask(store, partial(store.keep, key, entry, files))

    def share(self, key: str, entry: Entry, near: Repository) -> None:
        """Let other workers know *entry*, whose blobs *near* holds."""
        for store in list(self.stores):
            if store.shared:
                self._ask(store, partial(store.keep, key, entry, near))

    def repositories(self) -> list[Repository]:
        """Return the repositories that workers share."""
        found = [store.repository for store in self.stores]
        return [repository for repository in found if repository is not None]

    def _has(self, store: CacheStore, entry: Entry) -> bool:
        return all(self._ask(store, partial(store.has, blob)) for blob in entry.blobs)

    def _ask(self, store: CacheStore, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except DigestMismatch as error:
            self.log(f"cache: {error}; it is made again")
        except (ShipError, OSError) as error:
            self.log(f"cache: going on without {store.title}: {error}")
            self.stores.remove(store)
        return None
