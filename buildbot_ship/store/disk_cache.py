"""This worker's own cache: entries by key, blobs by digest.

Layout: ``entries/KEY.json`` and ``blobs/HEX``.  Files are written to ``new/`` and renamed, an
entry after its blobs.  The modification time of a file is the time of its last use; that of
``trimmed`` is the time of the last `DiskCache.trim`.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

from ..errors import DigestMismatch, InvalidReference, InvalidRequest
from ..model.cache import Blob, Entry, Source
from ..model.json_text import read_json
from ..model.reference import Repository, digest_of_stream
from ..model.request.wire import CONVERTER, structure

TRIM_SECONDS = 3600.0
ABANDONED_SECONDS = 7 * 86400.0
BLOCK = 4096
"""Block size of most file systems, in bytes."""


@attrs.frozen
class DiskCache:
    """The cache in the folder *root*."""

    root: Path
    title: str = "this worker's cache"
    shared: bool = False
    repository: None = None

    def find(self, key: str) -> Entry | None:
        """Return the entry of the cache key *key*, or None."""
        path = self._entry(key)
        try:
            entry = structure(read_json(path.read_bytes()), Entry, f"cache entry {key}")
            os.utime(path)
            return entry
        except (FileNotFoundError, ValueError, InvalidRequest, InvalidReference):
            return None

    def has(self, blob: Blob) -> bool:
        """Return true if *blob* is there.

        A damaged blob is removed.  Raises DigestMismatch then.
        """
        path = self._blob(blob.digest)
        try:
            got = _digest(path)
            os.utime(path)
        except FileNotFoundError:
            return False
        if got != blob.digest:
            path.unlink(missing_ok=True)
            raise DigestMismatch(f"{blob.name} in {self.title}", blob.digest, got)
        return True

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Verify *blob* and link it to *into*; return False if it is missing.

        Raises DigestMismatch.
        """
        if not self.has(blob):
            return False
        _link(self._blob(blob.digest), into)
        return True

    def keep(self, key: str, entry: Entry, source: Source) -> None:
        """Store *entry* and its blobs; ignore an entry whose blobs are in a repository."""
        if isinstance(source, Repository):
            return
        for blob in entry.blobs:
            if not self._blob(blob.digest).is_file():
                self._put(source[blob.digest], self._blob(blob.digest))
        scratch = self._scratch()
        scratch.write_text(json.dumps(CONVERTER.unstructure(entry)), encoding="utf-8")
        self._entry(key).parent.mkdir(parents=True, exist_ok=True)
        os.replace(scratch, self._entry(key))

    def is_due(self, now: float) -> bool:
        """Return true if the last `trim`, which reads the whole folder, was an hour ago."""
        try:
            trimmed = self._trimmed.stat().st_mtime
        except FileNotFoundError:
            return self.root.exists()
        return abs(now - trimmed) > TRIM_SECONDS

    def trim(self, limit: int, now: float) -> int:
        """Remove the least recently used files until at most *limit* bytes are left.

        Return the number of removed bytes, in whole blocks of a file system.
        """
        removed = 0
        for size, path in self._beyond(limit):
            _remove(path)
            removed += size
        self._sweep(now)
        return removed

    def surplus(self, limit: int) -> int:
        """Return the number of bytes that `trim` would remove."""
        return sum(size for size, _ in self._beyond(limit))

    def _beyond(self, limit: int) -> Iterator[tuple[int, str]]:
        """Yield size and path of the least recently used files that exceed the limit."""
        kept = 0
        for _, size, path in sorted(self._by_last_use(), reverse=True):
            kept += size
            if kept > limit:
                yield size, path

    def _sweep(self, now: float) -> None:
        """Remove unfinished files of killed processes; record the time of this trim."""
        for path, stat in _files(self.root / "new"):
            # The modification time of a hard link is that of the linked file.
            if now - stat.st_ctime > ABANDONED_SECONDS:
                _remove(path)
        if self.root.exists():
            self._trimmed.touch()
            os.utime(self._trimmed, (now, now))

    @property
    def _trimmed(self) -> Path:
        return self.root / "trimmed"

    def _by_last_use(self) -> Iterator[tuple[float, int, str]]:
        """Yield time of last use, size on disk and path of each file."""
        for name in ("blobs", "entries"):
            for path, stat in _files(self.root / name):
                yield stat.st_mtime, -(-stat.st_size // BLOCK) * BLOCK, path

    def _put(self, file: Path, path: Path) -> None:
        scratch = self._scratch()
        _link(file, scratch)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(scratch, path)

    def _scratch(self) -> Path:
        folder = self.root / "new"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / uuid.uuid4().hex

    def _entry(self, key: str) -> Path:
        return self.root / "entries" / f"{key}.json"

    def _blob(self, digest: str) -> Path:
        return self.root / "blobs" / digest.partition(":")[2]


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files in *folder*; skip those that another process removes meanwhile."""
    with suppress(FileNotFoundError), os.scandir(folder) as files:
        for file in files:
            with suppress(FileNotFoundError):
                yield file.path, file.stat()


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _link(source: Path, target: Path) -> None:
    """Link *source* to *target*, or copy it to another file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return digest_of_stream(file)
