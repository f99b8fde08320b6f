"""The base of an image, as its registry has it: manifest and config, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ...errors import BaseNotFound, InvalidManifest, InvalidReference
from ..reference import Reference, check_digest, digest_of
from .manifest import DOCKER_MANIFEST, OCI_MANIFEST, read_document


@attrs.frozen
class Base:
    """A base image for one platform.

    *reference* has the tag that FROM names, if any, and the digest of *manifest*, which
    is never an index.
    """

    reference: Reference
    media_type: str
    manifest: dict[str, Any] = attrs.field(repr=False)
    config: dict[str, Any] = attrs.field(repr=False)

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Return the descriptors of the compressed layers, the lowest first."""
        layers: list[dict[str, Any]] = self.manifest["layers"]
        return layers

    @property
    def diff_ids(self) -> list[str]:
        """Return the digests of the layers' tars, the lowest first."""
        diff_ids: list[str] = self.config["rootfs"]["diff_ids"]
        return diff_ids

    @property
    def pinned(self) -> Reference:
        """Return the reference by digest alone."""
        return attrs.evolve(self.reference, tag=None)

    @property
    def run(self) -> dict[str, Any]:
        """Return what containers run with, as the config has it; empty where it says none."""
        return self.config.get("config") or {}

    @property
    def environment(self) -> list[tuple[str, str]]:
        """Return the variables that containers start with."""
        return read_variables(self.run)

    @property
    def work_folder(self) -> str:
        """Return the folder that containers start in."""
        return self.run.get("WorkingDir") or "/"


def read_variables(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the variables in what containers *run* with."""
    entries: list[str] = run.get("Env") or []
    return [(name, value) for name, _, value in (item.partition("=") for item in entries)]


def choose(index: bytes, platform: str, reference: Reference) -> str:
    """Return the digest of the manifest for *platform* in *index*.

    *platform* is ``linux/amd64``, or ``linux/arm/v7`` where the variant matters.
    Raises BaseNotFound with the platforms that there are.
    """
    found: list[str] = []
    for item in read_document(index, reference).get("manifests") or []:
        of = item.get("platform") or {}
        names = [str(of.get("os")), str(of.get("architecture")), str(of.get("variant") or "")]
        if platform.split("/") in (names, names[:2]):
            return _digest(item, reference)
        found.append("/".join(filter(None, names)))
    known = ", ".join(sorted(set(found) - {"unknown/unknown"})) or "none"
    raise BaseNotFound(str(reference), f"it has no image for {platform}, only for {known}")


def config_digest(media_type: str, manifest: bytes, reference: Reference) -> str:
    """Return the digest of the config that *manifest* names; raise InvalidManifest."""
    if media_type not in (DOCKER_MANIFEST, OCI_MANIFEST):
        raise InvalidManifest(str(reference), f"a manifest of unknown kind: {media_type}")
    return _digest(read_document(manifest, reference).get("config") or {}, reference)


def read_base(reference: Reference, media_type: str, manifest: bytes, config: bytes) -> Base:
    """Return the base with these documents; raise InvalidManifest when they do not fit."""
    base = Base(
        attrs.evolve(reference, digest=digest_of(manifest)),
        media_type,
        read_document(manifest, reference),
        read_document(config, reference, "config"),
    )
    config_media_type = (base.manifest.get("config") or {}).get("mediaType")
    layers = base.manifest.get("layers")
    diff_ids = (base.config.get("rootfs") or {}).get("diff_ids")
    fits = isinstance(layers, list) and isinstance(diff_ids, list)
    if not (config_media_type and fits and len(base.layers) == len(base.diff_ids)):
        raise InvalidManifest(str(reference), "its config and its manifest do not fit together")
    for layer in base.layers:
        _digest(layer, reference)
    return base


def _digest(descriptor: dict[str, Any], reference: Reference) -> str:
    try:
        return check_digest(str(descriptor.get("digest")))
    except InvalidReference:
        raise InvalidManifest(str(reference), "it names a part without digest") from None
