"""Images that the contract tests of engines load and pull."""

from __future__ import annotations

import gzip
import io
import json
import uuid
from pathlib import Path
from typing import Any

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.artefact import Layer
from buildbot_ship.model.image.archive import ArchivedImage, write_archive
from buildbot_ship.model.image.assemble import Assembled
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.image.layer import Member, write_layer
from buildbot_ship.model.image.manifest import OCI_INDEX
from buildbot_ship.model.reference import Reference, digest_of
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.copy import copy
from buildbot_ship.registry.interface import Manifest
from tests.fakes.images import describe, small_image, store_image

PLAIN = b"plain\n"


def load_over(daemon: Daemon, base: Base, folder: Path) -> tuple[Assembled, str]:
    """Load an image of *base* plus one layer; the archive omits the layers of *base*."""
    tar = io.BytesIO()
    file = Member("marker", 0o644, len(PLAIN), lambda: io.BytesIO(PLAIN))
    diff_id = write_layer([file], tar)
    packed = gzip.compress(tar.getvalue(), mtime=0)
    layer = Layer(diff_id, digest_of(packed), len(packed))
    made, name = _with_layer(base, layer), f"ship.local/contract:{uuid.uuid4().hex}"
    archive = folder / f"{uuid.uuid4().hex}.tar"
    with archive.open("wb") as out:
        layers = [(layer, lambda: io.BytesIO(packed))]
        second = f"{name}-again"
        write_archive([ArchivedImage(made, base, layers, each) for each in (name, second)], out)
    daemon.load(archive, dict.fromkeys([name, second], (made.image_id, made.manifest_digest)))
    assert daemon.image(second) == daemon.image(name)
    daemon.remove_image(second)
    return made, name


def _with_layer(base: Base, layer: Layer) -> Assembled:
    diff_ids = [*base.diff_ids, layer.diff_id]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    document: dict[str, Any] = {**base.config, "rootfs": rootfs, "history": []}
    config = json.dumps(document).encode()
    below = base.layers[0]
    top = {"mediaType": below["mediaType"], "size": layer.size, "digest": layer.digest}
    manifest = {
        **base.manifest,
        "config": {
            "mediaType": base.manifest["config"]["mediaType"],
            "size": len(config),
            "digest": digest_of(config),
        },
        "layers": [*base.layers, top],
    }
    return Assembled(config, json.dumps(manifest).encode(), base.media_type, layer.size)


def store_platforms(base: Reference, target: Reference, platform: str) -> None:
    """Store as *target* an index of *base*, for *platform*, and of another image."""
    registry = RegistryClient()
    copy(registry, base, target.repository.tagged("base"))
    ours = registry.manifest(base)
    assert ours is not None
    other = small_image("elsewhere", b"a layer")
    store_image(registry, target.repository.tagged("elsewhere"), other)
    system, architecture = platform.split("/")
    listed = [
        {
            **describe(manifest.media_type, manifest.data),
            "platform": {"os": system, "architecture": name},
        }
        for manifest, name in ((ours, architecture), (other.manifest, "elsewhere"))
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    registry.put(target, Manifest(OCI_INDEX, json.dumps(document).encode()))
