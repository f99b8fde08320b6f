"""This worker's own cache: entries by key, blobs by digest.

Layout: ``entries/KEY.json`` and ``blobs/HEX``.  A blob is written beside its place and
renamed, an entry after its blobs.  The time of change of both tells when they were last of use,
that of ``trimmed`` when somebody looked how much there is.
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

from ..errors import DigestMismatch, InvalidRequest
from ..model.cache import Blob, Entry, Source
from ..model.reference import Repository, digest_of_stream
from ..model.request.wire import CONVERTER, structure

TRIM_SECONDS = 3600.0
ABANDONED_SECONDS = 7 * 86400.0
BLOCK = 4096
"""What the smallest file takes on most file systems, in bytes."""


@attrs.frozen
class DiskCache:
    """The cache below *root*."""

    root: Path
    title: str = "this worker's cache"
    shared: bool = False
    repository: None = None

    def find(self, key: str) -> Entry | None:
        """Return what was kept under *key*."""
        path = self._entry(key)
        try:
            entry = structure(json.loads(path.read_bytes()), Entry, f"cache entry {key}")
            os.utime(path)
            return entry
        except (FileNotFoundError, ValueError, InvalidRequest):
            return None

    def has(self, blob: Blob) -> bool:
        """Tell whether *blob* is there; raise DigestMismatch when its bytes are others."""
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
        """Link *blob*, verified, to *into*; False when it is not there.

        Raises DigestMismatch.
        """
        if not self.has(blob):
            return False
        _link(self._blob(blob.digest), into)
        return True

    def keep(self, key: str, entry: Entry, source: Source) -> None:
        """Keep *entry*, and the files of its blobs: those of a repository it can do without."""
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
        """Tell whether it is time to `trim`: it looks at every file that is there."""
        try:
            looked = self._trimmed.stat().st_mtime
        except FileNotFoundError:
            return self.root.exists()
        return abs(now - looked) > TRIM_SECONDS

    def trim(self, limit: int, now: float) -> int:
        """Remove what was of use longest ago until it takes *limit* bytes; return how many.

        Bytes that are removed are counted, in whole blocks of a file system.
        """
        found = sorted(self._found(), reverse=True)
        kept = removed = 0
        for _, size, path in found:
            kept += size
            if kept > limit:
                _remove(path)
                removed += size
        self._sweep(now)
        return removed

    def _sweep(self, now: float) -> None:
        """Remove what killed processes were writing; note that somebody looked."""
        for path, stat in _files(self.root / "new"):
            # A link has its file's time of change.
            if now - stat.st_ctime > ABANDONED_SECONDS:
                _remove(path)
        if self.root.exists():
            self._trimmed.touch()
            os.utime(self._trimmed, (now, now))

    @property
    def _trimmed(self) -> Path:
        return self.root / "trimmed"

    def _found(self) -> Iterator[tuple[float, int, str]]:
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
    """Yield the files in *folder*, if there is one, that nobody else removes meanwhile."""
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for file in found:
            with suppress(FileNotFoundError):
                yield file.path, file.stat()


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _link(source: Path, target: Path) -> None:
    """Give a file one more name, or copy it where the file systems differ."""
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
