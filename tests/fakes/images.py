"""Small images, and functions that store them in a registry."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence

import attrs

from buildbot_ship.model.image.assemble import DOCKER_LAYER, OCI_LAYER
from buildbot_ship.model.image.manifest import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.registry.interface import Manifest, Registry

DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@attrs.frozen
class SmallImage:
    """A manifest and its blobs, the config first; a registry does not look into them."""

    manifest: Manifest
    blobs: dict[str, bytes]

    @property
    def image_id(self) -> str:
        """Return the digest of the config."""
        return next(iter(self.blobs))


def describe(media_type: str, data: bytes) -> dict[str, object]:
    """Return the descriptor of *data*."""
    return {"mediaType": media_type, "size": len(data), "digest": digest_of(data)}


def small_image(
    name: str, *layers: bytes, oci: bool = False, foreign: bool = False
) -> SmallImage:
    """Return an image with *name* in its config; *foreign* adds a layer at another URL."""
    config = json.dumps({"name": name, "config": {"Cmd": [name]}}).encode()
    layer_type = OCI_LAYER if oci else DOCKER_LAYER
    listed = [describe(layer_type, layer) for layer in layers]
    if foreign:
        elsewhere = describe(FOREIGN_LAYER, b"elsewhere")
        listed.append({**elsewhere, "urls": ["https://layers.example.com/1"]})
    media_type = OCI_MANIFEST if oci else DOCKER_MANIFEST
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": describe(OCI_CONFIG if oci else DOCKER_CONFIG, config),
        "layers": listed,
    }
    manifest = Manifest(media_type, json.dumps(document, indent=3).encode())
    blobs = {digest_of(data): data for data in (config, *layers)}
    return SmallImage(manifest, blobs)


def layer(files: dict[str, bytes]) -> bytes:
    """Return a gzipped tar of *files*."""
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return spool.getvalue()


def real_image(layers: Sequence[bytes], environment: Sequence[str]) -> SmallImage:
    """Return an image whose config has the diff IDs of *layers*, and variables."""
    config = {
        "config": {"Env": list(environment)},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(data) for data in layers]},
    }
    data = json.dumps(config).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": describe(OCI_CONFIG, data),
        "layers": [describe(OCI_LAYER, content) for content in layers],
    }
    manifest = Manifest(OCI_MANIFEST, json.dumps(document).encode())
    return SmallImage(manifest, {digest_of(content): content for content in (data, *layers)})


def small_index(*images: SmallImage) -> Manifest:
    """Return an index of *images*, one per platform."""
    listed = [
        {
            **describe(image.manifest.media_type, image.manifest.data),
            "platform": {"os": "linux", "architecture": f"cpu{number}"},
        }
        for number, image in enumerate(images)
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    return Manifest(OCI_INDEX, json.dumps(document).encode())


def store_image(registry: Registry, reference: Reference, image: SmallImage) -> None:
    """Store *image* and all its blobs as *reference*."""
    for digest, data in image.blobs.items():
        registry.upload(reference.repository, digest, data)
    registry.put(reference, image.manifest)


def store_index(registry: Registry, reference: Reference, *images: SmallImage) -> Manifest:
    """Store *images* and an index of them as *reference*; return the index."""
    for image in images:
        store_image(registry, reference.repository.at(image.manifest.digest), image)
    index = small_index(*images)
    registry.put(reference, index)
    return index
