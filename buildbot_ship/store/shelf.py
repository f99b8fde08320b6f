"""This worker's own cache: entries by key, blobs by digest.

Layout: ``entries/KEY.json`` and ``blobs/HEX``.  A blob is written beside its place and
renamed, an entry after its blobs.  A blob's time of change tells when it was last of use.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import attrs

from ..errors import DigestMismatch, InvalidRequest
from ..model.cache import Blob, Entry, Source
from ..model.reference import Repository, digest_of_stream
from ..model.request.wire import CONVERTER, structure


@attrs.frozen
class DiskShelf:
    """The cache below *root*."""

    root: Path
    title: str = "this worker's cache"
    shared: bool = False
    repository: None = None

    def find(self, key: str) -> Entry | None:
        """Return what was kept under *key*."""
        path = self._entry(key)
        try:
            return structure(json.loads(path.read_bytes()), Entry, f"cache entry {key}")
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

    def trim(self, limit: int) -> int:
        """Remove what was of use longest ago until blobs take *limit* bytes; return how many.

        Bytes that are removed are counted.
        """
        found = sorted(self._found(), reverse=True)
        kept = removed = 0
        for _, size, path in found:
            kept += size
            if kept > limit:
                path.unlink(missing_ok=True)
                removed += size
        return removed

    def size(self) -> int:
        """Return how many bytes its blobs take."""
        return sum(size for _, size, _ in self._found())

    def _found(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.root.glob("blobs/*"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            yield stat.st_mtime, stat.st_size, path

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
