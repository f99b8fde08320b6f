"""What a manifest or an index lists.

Formats: https://github.com/opencontainers/image-spec (descriptor.md, manifest.md,
image-index.md) and https://distribution.github.io/distribution/spec/manifest-v2-2/.
"""

from __future__ import annotations

import json
from typing import Any

import attrs

from ..errors import InvalidManifest, InvalidReference
from .base import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from .reference import Reference, check_digest

KINDS = (DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX)
"""The media types of manifests that we know."""

_FOREIGN = (
    "application/vnd.docker.image.rootfs.foreign.",
    "application/vnd.oci.image.layer.nondistributable.",
)


@attrs.frozen
class Descriptor:
    """One thing that a manifest lists: *size* in bytes; *urls* when it may lie elsewhere."""

    media_type: str
    digest: str
    size: int
    urls: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Tell whether no registry holds this blob: it is fetched from its URLs."""
        return bool(self.urls) and self.media_type.startswith(_FOREIGN)


def list_blobs(manifest: bytes, reference: Reference) -> tuple[Descriptor, ...]:
    """Return the config and then the layers of an image; raise InvalidManifest."""
    document = _document(manifest, reference)
    listed = [document.get("config"), *_list(document, "layers", reference)]
    return tuple(_descriptor(item, reference) for item in listed)


def list_children(index: bytes, reference: Reference) -> tuple[Descriptor, ...]:
    """Return the manifests that an index lists; raise InvalidManifest."""
    listed = _list(_document(index, reference), "manifests", reference)
    return tuple(_descriptor(item, reference) for item in listed)


def _document(data: bytes, reference: Reference) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise InvalidManifest(str(reference), "its manifest is not a JSON object")
    return document


def _list(document: dict[str, Any], field: str, reference: Reference) -> list[Any]:
    items = document.get(field)
    if not isinstance(items, list):
        raise InvalidManifest(str(reference), f"its manifest has no {field}")
    return items


def _descriptor(item: Any, reference: Reference) -> Descriptor:
    try:
        return Descriptor(
            str(item["mediaType"]),
            check_digest(str(item["digest"])),
            int(item["size"]),
            tuple(map(str, item.get("urls") or ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidReference):
        raise InvalidManifest(str(reference), "its manifest lists a part badly") from None
