"""Write a thin archive for `docker load`: only the new layers, without the base layers.

The tar has two formats: an OCI layout
(https://github.com/opencontainers/image-spec/blob/main/image-layout.md) for engines with the
containerd store, and docker's ``manifest.json`` for classic engines.  The base image must be in
the engine.  The archive names the base layers but does not contain them: an engine would store
an empty substitute as the layer, and its store would be damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import chain
from typing import IO

import attrs

from ..artefact import Layer
from .assemble import Assembled, canonical
from .base import Base
from .layer import Member, write_tar
from .manifest import OCI_INDEX

_BLOBS = "blobs/sha256/"


@attrs.frozen
class ArchivedImage:
    """An image for an archive; *name* (with a tag) is its name in the engine.

    *layers* are those over *base*, each with a function that opens its gzipped tar.
    """

    image: Assembled
    base: Base
    layers: Sequence[tuple[Layer, Callable[[], IO[bytes]]]]
    name: str


def write_archive(images: Sequence[ArchivedImage], out: IO[bytes]) -> None:
    """Write the archive of *images* to *out*, with each layer once."""
    openers = dict(chain.from_iterable(each.layers for each in images))
    blobs = {_blob(layer.digest): (layer.size, opener) for layer, opener in openers.items()}
    texts: dict[str, bytes] = {}
    for each in images:
        texts[_blob(each.image.image_id)] = each.image.config
        texts[_blob(each.image.manifest_digest)] = each.image.manifest
    texts["index.json"] = canonical(_index(images))
    texts["manifest.json"] = canonical([_docker_manifest(each) for each in images])
    texts["oci-layout"] = canonical({"imageLayoutVersion": "1.0.0"})
    small = [_text(path, data) for path, data in texts.items()]
    large = [Member(path, 0o644, size, opener) for path, (size, opener) in blobs.items()]
    folders = [Member("blobs", 0o755), Member(_BLOBS.rstrip("/"), 0o755)]
    write_tar([*folders, *large, *small], out)


def _text(path: str, data: bytes) -> Member:
    return Member(path, 0o644, len(data), lambda: BytesIO(data))


def _blob(digest: str) -> str:
    return _BLOBS + digest.removeprefix("sha256:")


def _index(images: Sequence[ArchivedImage]) -> dict[str, object]:
    descriptors = [
        {
            "mediaType": each.image.media_type,
            "digest": each.image.manifest_digest,
            "size": len(each.image.manifest),
            "annotations": {
                "io.containerd.image.name": each.name,
                "org.opencontainers.image.ref.name": each.name.rpartition(":")[2],
            },
        }
        for each in images
    ]
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors}


def _docker_manifest(archived: ArchivedImage) -> dict[str, object]:
    below = [_blob(descriptor["digest"]) for descriptor in archived.base.layers]
    ours = [_blob(layer.digest) for layer, _ in archived.layers]
    config = _blob(archived.image.image_id)
    return {"Config": config, "RepoTags": [archived.name], "Layers": [*below, *ours]}
