"""The cache that workers share: entries are manifests in a repository, tagged by key.

An entry is an OCI image manifest whose config is the empty JSON object, whose layers are
the blobs, and whose annotation holds the record, so that one request finds it.
Format: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from ..errors import ImageNotFound
from ..model.cache import Blob, Entry, Source
from ..model.image.manifest import OCI_MANIFEST
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
    """The cache in *repository*; *writes* is False for a builder that is not trusted."""

    registry: Registry
    repository: Repository
    writes: bool = True
    shared: bool = True

    @property
    def title(self) -> str:
        """Return what people call it."""
        return f"the cache {self.repository}"

    def find(self, key: str) -> Entry | None:
        """Return what was kept under *key*, in one request."""
        manifest = self.registry.manifest(self.repository.tagged(key))
        return None if manifest is None else _read(manifest)

    def has(self, blob: Blob) -> bool:
        """Tell whether *blob* is there; it is verified when it is read."""
        return self.registry.has(self.repository, blob.digest)

    def fetch(self, blob: Blob, into: Path) -> bool:
        """Download *blob*, verified, to *into*; False when it is not there."""
        new = into.with_name(f"{into.name}.part")
        new.parent.mkdir(parents=True, exist_ok=True)
        try:
            with new.open("wb") as file:
                for chunk in self.registry.stream(self.repository, blob.digest):
                    file.write(chunk)
            new.replace(into)
        except ImageNotFound:
            return False
        finally:
            new.unlink(missing_ok=True)
        return True

    def keep(self, key: str, entry: Entry, source: Source) -> None:
        """Keep *entry* under *key*, unless another worker did."""
        reference = self.repository.tagged(key)
        if not self.writes or self.registry.head(reference) is not None:
            return
        for blob in entry.blobs:
            if isinstance(source, Repository):
                copy_blob(self.registry, blob.digest, source, self.repository)
            else:
                self._send(blob.digest, source[blob.digest])
        self._send(digest_of(_EMPTY), _EMPTY)
        self.registry.put(reference, _manifest(entry))

    def _send(self, digest: str, content: bytes | Path) -> None:
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
    """Return the entry in *manifest*; None when somebody else made it."""
    try:
        document: dict[str, Any] = json.loads(manifest.data)
        record = json.loads(document["annotations"][_ANNOTATION])
        blobs = tuple(
            Blob(layer["annotations"][_TITLE], layer["digest"], layer["size"])
            for layer in document["layers"]
        )
    except (ValueError, KeyError, TypeError):
        return None
    return Entry(record, blobs)
