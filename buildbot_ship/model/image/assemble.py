"""Assemble an image: write the config and the manifest for a base, a Dockerfile and layers.

Formats: https://github.com/opencontainers/image-spec (config.md, manifest.md) and
https://distribution.github.io/distribution/spec/manifest-v2-2/.  The
instructions change the config as in the classic builder; tests/engine/test_image.py compares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from ..artefact import Layer
from ..dockerfile.copy import Copy
from ..dockerfile.document import Dockerfile
from ..reference import digest_of
from .base import Base
from .manifest import OCI_MANIFEST
from .run_config import run_config

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_KEPT = ("architecture", "variant", "os", "os.version", "os.features")


@attrs.frozen
class Assembled:
    """The config and the manifest of an image; *size* is that of all compressed layers."""

    config: bytes = attrs.field(repr=False)
    manifest: bytes = attrs.field(repr=False)
    media_type: str
    size: int

    @property
    def image_id(self) -> str:
        """Return the digest of the config."""
        return digest_of(self.config)

    @property
    def manifest_digest(self) -> str:
        """Return the digest of the manifest."""
        return digest_of(self.manifest)


@attrs.frozen
class Labels:
    """The labels from outside the Dockerfile.

    Later ones override earlier ones: base image, *defaults*, Dockerfile, *facts*.
    """

    defaults: Mapping[str, str]
    facts: Mapping[str, str]


def canonical(value: Any) -> bytes:
    """Return *value* as canonical JSON: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def written_time(moment: datetime) -> str:
    """Return an aware *moment* in RFC 3339, UTC, whole seconds.  Raises ValueError if naive."""
    if moment.tzinfo is None:
        raise ValueError("an image needs an aware datetime")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def assemble(
    base: Base,
    dockerfile: Dockerfile,
    layers: tuple[Layer, ...],
    *,
    created: datetime,
    labels: Labels,
) -> Assembled:
    """Return the image of *layers* on *base*; the manifest has the media type of the base's.

    Raises InvalidFile for a base with ONBUILD triggers, which only docker runs.
    """
    config = run_config(base, dockerfile, labels.defaults, labels.facts)
    history = _history(dockerfile, layers, created)
    return document(base, config, layers, history, created=created)


def document(
    base: Base,
    run: Mapping[str, Any],
    layers: tuple[Layer, ...],
    history: list[dict[str, Any]],
    *,
    created: datetime,
) -> Assembled:
    """Return the image with the run config *run*; *history* is that of the new layers."""
    whole = {
        **{key: base.config[key] for key in _KEPT if key in base.config},
        "created": written_time(created),
        "config": run,
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base.diff_ids, *(layer.diff_id for layer in layers)],
        },
        "history": [*_history_of(base), *history],
    }
    config = canonical(whole)
    descriptors = [*base.layers, *(_descriptor(layer, base) for layer in layers)]
    manifest = canonical(_manifest(base, config, descriptors))
    size = sum(int(descriptor["size"]) for descriptor in descriptors)
    return Assembled(config, manifest, base.media_type, size)


def _manifest(base: Base, config: bytes, layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": base.media_type,
        "config": {
            "mediaType": base.manifest["config"]["mediaType"],
            "size": len(config),
            "digest": digest_of(config),
        },
        "layers": layers,
    }


def _descriptor(layer: Layer, base: Base) -> dict[str, Any]:
    media_type = OCI_LAYER if base.media_type == OCI_MANIFEST else DOCKER_LAYER
    return {"mediaType": media_type, "size": layer.size, "digest": layer.digest}


def _history_of(base: Base) -> list[dict[str, Any]]:
    """Return the history of the base, or a substitute if it does not match its layers."""
    history: list[dict[str, Any]] = list(base.config.get("history") or [])
    if sum(not entry.get("empty_layer") for entry in history) == len(base.diff_ids):
        return history
    return [{"created_by": "unknown"} for _ in base.diff_ids]


def _history(
    dockerfile: Dockerfile, layers: tuple[Layer, ...], created: datetime
) -> list[dict[str, Any]]:
    entry = {
        "created": written_time(created),
        "created_by": f"buildbot-ship image: {_summary(dockerfile)}",
    }
    entries: list[dict[str, Any]] = [{**entry, **titled(layer)} for layer in layers]
    return entries or [{**entry, "empty_layer": True}]


def titled(layer: Layer) -> dict[str, str]:
    """Return the history of a layer with a title; empty for the layer of COPY."""
    part = "pex" if layer.of_pex else "image"
    return {"created_by": f"buildbot-ship {part}: {layer.title}"} if layer.title else {}


def _summary(dockerfile: Dockerfile) -> str:
    copies = [
        f"COPY {' '.join(item.sources)} {item.destination}"
        for item in dockerfile.instructions
        if isinstance(item, Copy)
    ]
    return "; ".join(copies) or dockerfile.file
