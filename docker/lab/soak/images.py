"""Small images that differ, as `BuildRuntimeImage` leaves them in a work folder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from buildbot_ship.model.artefact import Image, Layer
from buildbot_ship.model.image.assemble import OCI_LAYER
from buildbot_ship.model.image.manifest import OCI_MANIFEST
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry.interface import Manifest
from buildbot_ship.store.work_folder import Work

NAME = "app"
LAYER = gzip.compress(b"one layer for all", mtime=0)


def built_image(work: Work, number: int, *, complete: bool = True) -> Image:
    """Write image *number* into a work folder; return its record, for a commit still to come.

    An image that is not *complete* lacks its config, so that a push of it fails in the middle.
    """
    config = json.dumps({"config": {}, "soak": number}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [_descriptor(OCI_LAYER, LAYER)],
    }
    manifest = Manifest(OCI_MANIFEST, json.dumps(document).encode())
    layer = Layer(digest_of(b"one layer for all"), digest_of(LAYER), len(LAYER))
    _write(work.image(NAME) / "manifest.json", manifest.data)
    _write(work.layer(layer.digest), LAYER)
    if complete:
        _write(work.image(NAME) / "config.json", config)
    base = str(Repository.parse("127.0.0.1:1/none").at(digest_of(b"no base")))
    return Image(
        commit="",
        name=NAME,
        image_id=digest_of(config),
        manifest_digest=manifest.digest,
        media_type=OCI_MANIFEST,
        base=base,
        layers=(layer,),
        size=len(LAYER),
        loaded_as="",
    )


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(data), "digest": digest_of(data)}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
