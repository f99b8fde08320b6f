"""The cache that workers share: a registry repository with one tag for each cache key.

An entry is an OCI image manifest.  Its config is the empty JSON object, its layers are the
blobs, and an annotation holds the record.  One request looks up an entry.
Format: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
"""

from __future__ import annotations

import json
from pathlib import Path

import attrs

from ..errors import ImageNotFound, ShipError
from ..model.cache import Blob, Entry, Source
from ..model.image.manifest import OCI_MANIFEST
from ..model.json_text import read_object
from ..model.reference import Repository, digest_of
from .copy import copy_blob
from .interface import Manifest, Registry

_EMPTY = b"{}"
_ANNOTATION = "org.buildbot-ship.record"
_TITLE = "org.opencontainers.image.title"
_ENTRY = "application/vnd.buildbot-ship.entry.v1+json"
_BLOB = "application/octet-stream"


@attrs.frozen
class SharedCache:
    """The cache in *repository*; *writes* is False for an untrusted builder."""

    registry: Registry
    repository: Repository
    writes: bool = True
    shared: bool = True

    @property
    def title(self) -> str:
        """Return the name of the cache for log lines."""
        return f"the cache {self.repository}"

    def find(self, key: str) -> Entry | None:
        """Return the entry of the cache key *key*, or None; takes one request."""
        manifest = self.registry.manifest(self.repository.tagged(key))
        return None if manifest is None else _read(manifest)

    def has(self, blob: Blob) -> bool:
        """Return whether the cache has *blob*; `fetch` verifies it."""
        return self.registry.has(self.repository, blob.digest)

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Download *blob*, verified, to *into*; return False if the cache does not have it."""
        partial = into.with_name(f"{into.name}.part")
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                for chunk in self.registry.stream(self.repository, blob.digest):
                    file.write(chunk)
            partial.replace(into)
        except ImageNotFound:
            return False
        finally:
            partial.unlink(missing_ok=True)
        return True

    def keep(self, key: str, entry: Entry, source: Source) -> None:
        """Store *entry* under the cache key *key*, unless there is an entry already."""
        reference = self.repository.tagged(key)
        if not self.writes or self.registry.head(reference) is not None:
            return
        for blob in entry.blobs:
            if isinstance(source, Repository):
                copy_blob(self.registry, blob.digest, source, self.repository)
            else:
                self._upload(blob.digest, source[blob.digest])
        self._upload(digest_of(_EMPTY), _EMPTY)
        self.registry.put(reference, _manifest(entry))

    def _upload(self, digest: str, content: bytes | Path) -> None:
        if not self.registry.has(self.repository, digest):
            self.registry.upload(self.repository, digest, content)


def _manifest(entry: Entry) -> Manifest:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": _ENTRY,
        "config": {"mediaType": _ENTRY, "digest": digest_of(_EMPTY), "size": len(_EMPTY)},
        "layers": [
            {
                "mediaType": _BLOB,
                "digest": blob.digest,
                "size": blob.size,
                "annotations": {_TITLE: blob.name},
            }
            for blob in entry.blobs
        ],
        "annotations": {_ANNOTATION: json.dumps(entry.record, sort_keys=True)},
    }
    return Manifest(OCI_MANIFEST, json.dumps(document, separators=(",", ":")).encode())


def _read(manifest: Manifest) -> Entry | None:
    """Return the entry in *manifest*, or None if the manifest is not a cache entry."""
    try:
        document = read_object(manifest.data)
        record = read_object(document["annotations"][_ANNOTATION])
        blobs = tuple(
            Blob(layer["annotations"][_TITLE], layer["digest"], layer["size"])
            for layer in document["layers"]
        )
    except (ValueError, KeyError, TypeError, AttributeError, ShipError):
        return None
    return Entry(record, blobs)
