"""The interface of a cache store: entries by cache key, with their blobs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..model.cache import Blob, Entry, Source
from ..model.reference import Repository


class CacheStore(Protocol):
    """A cache store: this worker's disk, or a repository of a registry."""

    @property
    def title(self) -> str:
        """Return its name for log lines."""

    @property
    def shared(self) -> bool:
        """Return true if other workers read it."""

    def find(self, key: str) -> Entry | None:
        """Return the entry of the cache key *key*, or None."""

    def has(self, blob: Blob) -> bool:
        """Return true if the store has *blob*; verify its bytes if they are on this worker.

        A damaged blob is removed.  Raises DigestMismatch then.
        """

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Write *blob* to the new file *into* and verify it; return False if it is missing.

        A damaged blob is removed.  Raises DigestMismatch then.
        """

    @property
    def repository(self) -> Repository | None:
        """Return the repository in which it is stored, if any."""

    def keep(self, key: str, entry: Entry, source: Source) -> None:
        """Store *entry* under *key*; *source* has the bytes of its blobs."""
