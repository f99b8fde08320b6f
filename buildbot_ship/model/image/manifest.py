"""Parse manifests and indexes, and list their blobs and child manifests.

Formats: https://github.com/opencontainers/image-spec (descriptor.md, manifest.md,
image-index.md) and https://distribution.github.io/distribution/spec/manifest-v2-2/.
"""

from __future__ import annotations

from typing import Any

import attrs

from ...errors import InvalidManifest, InvalidReference
from ..json_text import read_object
from ..reference import Reference, check_digest

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
KINDS = (DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX)
"""The supported media types of manifests."""

_FOREIGN = (
    "application/vnd.docker.image.rootfs.foreign.",
    "application/vnd.oci.image.layer.nondistributable.",
)


@attrs.frozen
class Descriptor:
    """One entry of a manifest: *size* in bytes; *urls* if the blob is stored elsewhere."""

    media_type: str
    digest: str
    size: int
    urls: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Return whether this is a foreign layer: fetched from its URLs, not a registry."""
        return bool(self.urls) and self.media_type.startswith(_FOREIGN)


def is_index(media_type: str) -> bool:
    """Return whether this is the media type of an index, with one manifest per platform."""
    return media_type in (DOCKER_LIST, OCI_INDEX)


def list_blobs(manifest: bytes, reference: Reference) -> tuple[Descriptor, ...]:
    """Return the config and the layers of an image, in this order.  Raises InvalidManifest."""
    document = read_document(manifest, reference)
    listed = [document.get("config"), *_list(document, "layers", reference)]
    return tuple(_descriptor(item, reference) for item in listed)


def list_children(index: bytes, reference: Reference) -> tuple[Descriptor, ...]:
    """Return the manifests of an index.  Raises InvalidManifest."""
    listed = _list(read_document(index, reference), "manifests", reference)
    return tuple(_descriptor(item, reference) for item in listed)


def read_document(data: bytes, reference: Reference, what: str = "manifest") -> dict[str, Any]:
    """Parse *data* as a JSON object.  Raises InvalidManifest."""
    try:
        return read_object(data)
    except ValueError:
        raise InvalidManifest(str(reference), f"its {what} is not a JSON object") from None


def objects(document: dict[str, Any], field: str, reference: Reference) -> list[dict[str, Any]]:
    """Return the objects in *field*, none if it is missing.  Raises InvalidManifest."""
    items = document.get(field) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidManifest(str(reference), f"its manifest has no list of {field}")
    return items


def _list(document: dict[str, Any], field: str, reference: Reference) -> list[Any]:
    items = document.get(field)
    if not isinstance(items, list):
        raise InvalidManifest(str(reference), f"its manifest has no {field}")
    return items


def _descriptor(item: Any, reference: Reference) -> Descriptor:
    try:
        media_type, digest, size = item["mediaType"], item["digest"], item["size"]
        urls = tuple(map(str, item.get("urls") or ()))
        # True is an int, and a JSON number may be a float.
        if isinstance(media_type, str) and type(size) is int and size >= 0:
            return Descriptor(media_type, check_digest(str(digest)), size, urls)
    except (KeyError, TypeError, AttributeError, InvalidReference):
        pass
    raise InvalidManifest(str(reference), "its manifest has a malformed entry")
