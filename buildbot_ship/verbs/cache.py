"""The cache of a verb: the nearest shelf first; a broken shelf never breaks a build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

import attrs

from ..errors import DigestMismatch, ShipError
from ..model.cache import Blob, Entry
from ..model.log import Log
from ..model.reference import Repository
from ..store.interface import Shelf

T = TypeVar("T")


@attrs.define
class Cache:
    """The *shelves*, the nearest first; without *reads* everything is made again."""

    log: Log
    shelves: list[Shelf] = attrs.field(factory=list)
    reads: bool = True

    def find(self, key: str, *, shared: bool = True) -> Entry | None:
        """Return what was made under *key*, its blobs being there and undamaged.

        With *shared* false only what this worker has counts.
        """
        if not self.reads:
            return None
        for shelf in list(self.shelves):
            if shared or not shelf.shared:
                entry = self._ask(shelf, partial(shelf.find, key))
                if entry is not None and self._has(shelf, entry):
                    return entry
        return None

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Write *blob*, verified, to *into*; False when no shelf has it.

        One whose bytes are others is as good as none, and that is said.
        """
        for shelf in list(self.shelves):
            if self._ask(shelf, partial(shelf.fetch, blob, into)):
                return True
        return False

    def keep(
        self, key: str, entry: Entry, files: Mapping[str, Path], *, shared: bool = True
    ) -> None:
        """Keep *entry*; with *shared* false on this worker only."""
        for shelf in list(self.shelves):
            if shared or not shelf.shared:
                self._ask(shelf, partial(shelf.keep, key, entry, files))

    def share(self, key: str, entry: Entry, near: Repository) -> None:
        """Let other workers know *entry*, whose blobs *near* holds."""
        for shelf in list(self.shelves):
            if shelf.shared:
                self._ask(shelf, partial(shelf.keep, key, entry, near))

    def repositories(self) -> list[Repository]:
        """Return the repositories that workers share."""
        found = [shelf.repository for shelf in self.shelves]
        return [repository for repository in found if repository is not None]

    def _has(self, shelf: Shelf, entry: Entry) -> bool:
        return all(self._ask(shelf, partial(shelf.has, blob)) for blob in entry.blobs)

    def _ask(self, shelf: Shelf, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except DigestMismatch as error:
            self.log(f"cache: {error}; it is made again")
        except (ShipError, OSError) as error:
            self.log(f"cache: going on without {shelf.title}: {error}")
            self.shelves.remove(shelf)
        return None
