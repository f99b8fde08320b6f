"""What verbs ask of a place that keeps what was made."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..model.cache import Blob, Entry, Source
from ..model.reference import Repository


class CacheStore(Protocol):
    """One place where made things are kept by key: this worker's disk, or a registry."""

    @property
    def title(self) -> str:
        """Return what people call it."""

    @property
    def shared(self) -> bool:
        """Tell whether other workers read it."""

    def find(self, key: str) -> Entry | None:
        """Return what was kept under *key*."""

    def has(self, blob: Blob) -> bool:
        """Tell whether *blob* is there, every byte of it as far as can be told here.

        Raises DigestMismatch when its bytes are others; they are then no longer there.
        """

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Write *blob*, verified, to the new file *into*; False when it is not there.

        Raises DigestMismatch when its bytes are others; they are then no longer there.
        """

    @property
    def repository(self) -> Repository | None:
        """Return the repository that it is, if it is one."""

    def keep(self, key: str, entry: Entry, source: Source) -> None:
        """Keep *entry*, the bytes of whose blobs are in *source*.

        What is there under *key* already stays.
        """
