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
from typing import IO

from ..artefact import Layer
from .assemble import Assembled, canonical
from .base import Base
from .layer import Member, write_tar
from .manifest import OCI_INDEX

_BLOBS = "blobs/sha256/"


def write_archive(
    image: Assembled,
    base: Base,
    layers: Sequence[tuple[Layer, Callable[[], IO[bytes]]]],
    name: str,
    out: IO[bytes],
) -> None:
    """Write the archive of *image* to *out*; *name* (with a tag) is its name in the engine.

    *layers* are the new layers, each with a function that opens its gzipped tar.
    """
    blobs = {_blob(layer.digest): (layer.size, opener) for layer, opener in layers}
    ours = [_blob(layer.digest) for layer, _ in layers]
    texts = {
        _blob(image.image_id): image.config,
        _blob(image.manifest_digest): image.manifest,
        "index.json": canonical(_index(image, name)),
        "manifest.json": canonical(_docker_manifest(image, base, ours, name)),
        "oci-layout": canonical({"imageLayoutVersion": "1.0.0"}),
    }
    small = [_text(path, data) for path, data in texts.items()]
    large = [Member(path, 0o644, size, opener) for path, (size, opener) in blobs.items()]
    folders = [Member("blobs", 0o755), Member(_BLOBS.rstrip("/"), 0o755)]
    write_tar([*folders, *large, *small], out)


def _text(path: str, data: bytes) -> Member:
    return Member(path, 0o644, len(data), lambda: BytesIO(data))


def _blob(digest: str) -> str:
    return _BLOBS + digest.removeprefix("sha256:")


def _index(image: Assembled, name: str) -> dict[str, object]:
    descriptor = {
        "mediaType": image.media_type,
        "digest": image.manifest_digest,
        "size": len(image.manifest),
        "annotations": {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        },
    }
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor]}


def _docker_manifest(
    image: Assembled, base: Base, ours: list[str], name: str
) -> list[dict[str, object]]:
    below = [_blob(descriptor["digest"]) for descriptor in base.layers]
    return [{"Config": _blob(image.image_id), "RepoTags": [name], "Layers": [*below, *ours]}]
