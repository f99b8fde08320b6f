"""A base image: parse its manifest and its config from the registry, and check them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ...errors import BaseNotFound, InvalidManifest, InvalidReference
from ..reference import Reference, check_digest, digest_of
from .config_shape import find_fault
from .manifest import DOCKER_MANIFEST, OCI_MANIFEST, list_blobs, objects, read_document


@attrs.frozen
class Base:
    """A base image for one platform.

    *reference* has the tag of the FROM line, if any, and the digest of *manifest*, which is
    never an index.
    """

    reference: Reference
    media_type: str
    manifest: dict[str, Any] = attrs.field(repr=False)
    config: dict[str, Any] = attrs.field(repr=False)

    @property
    def layers(self) -> list[dict[str, Any]]:
        """Return the descriptors of the compressed base layers, the lowest first."""
        layers: list[dict[str, Any]] = self.manifest["layers"]
        return layers

    @property
    def diff_ids(self) -> list[str]:
        """Return the diff IDs (digests of the uncompressed tars), the lowest first."""
        diff_ids: list[str] = self.config["rootfs"]["diff_ids"]
        return diff_ids

    @property
    def pinned(self) -> Reference:
        """Return the reference with the digest, without the tag."""
        return attrs.evolve(self.reference, tag=None)

    @property
    def run(self) -> dict[str, Any]:
        """Return the run config of containers; empty if the config has none."""
        return self.config.get("config") or {}

    @property
    def environment(self) -> list[tuple[str, str]]:
        """Return the environment variables of containers."""
        return read_variables(self.run)

    @property
    def work_folder(self) -> str:
        """Return the working directory of containers."""
        return self.run.get("WorkingDir") or "/"


_RUN_KEYS = (
    "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell",
    "StopSignal", "User", "Volumes", "WorkingDir",
)  # fmt: skip


def content_of(diff_ids: Sequence[str], run: Mapping[str, Any]) -> str:
    """Return one digest of an image's layers and of what its containers start with.

    Engines with different stores give an image different IDs, but the same content.
    """
    config = {key: run[key] for key in _RUN_KEYS if run.get(key)}
    return digest_of(json.dumps([list(diff_ids), config], sort_keys=True).encode())


def read_variables(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the environment variables in the run config *run*."""
    entries: list[str] = run.get("Env") or []
    return [(name, value) for name, _, value in (item.partition("=") for item in entries)]


def choose(index: bytes, platform: str, reference: Reference) -> str:
    """Return the digest of the manifest for *platform* in *index*.

    *platform* is ``linux/amd64``, or ``linux/arm/v7`` with a variant.  Raises BaseNotFound with
    the available platforms.
    """
    found: list[str] = []
    for item in objects(read_document(index, reference), "manifests", reference):
        has = item.get("platform") or {}
        if not isinstance(has, dict):
            raise InvalidManifest(str(reference), "its index has a malformed platform")
        names = [str(has.get("os")), str(has.get("architecture"))]
        names.append(str(has.get("variant") or ""))
        if platform.split("/") in (names, names[:2]):
            return _digest(item, reference)
        found.append("/".join(filter(None, names)))
    known = ", ".join(sorted(set(found) - {"unknown/unknown"})) or "none"
    raise BaseNotFound(str(reference), f"it has no image for {platform}, only for {known}")


def config_digest(media_type: str, manifest: bytes, reference: Reference) -> str:
    """Return the digest of the config in *manifest*.  Raises InvalidManifest."""
    if media_type not in (DOCKER_MANIFEST, OCI_MANIFEST):
        raise InvalidManifest(
            str(reference), f"its manifest has the unknown media type {media_type}"
        )
    return _digest(read_document(manifest, reference).get("config"), reference)


def read_base(reference: Reference, media_type: str, manifest: bytes, config: bytes) -> Base:
    """Return the base with these documents.  Raises InvalidManifest if they do not match."""
    base = Base(
        attrs.evolve(reference, digest=digest_of(manifest)),
        media_type,
        read_document(manifest, reference),
        read_document(config, reference, "config"),
    )
    list_blobs(manifest, reference)
    if fault := find_fault(base.config):
        raise InvalidManifest(str(reference), fault)
    if len(base.layers) != len(base.diff_ids):
        raise InvalidManifest(str(reference), "its config does not match its manifest")
    return base


def _digest(descriptor: Any, reference: Reference) -> str:
    try:
        return check_digest(str(descriptor["digest"]))
    except (InvalidReference, KeyError, TypeError):
        raise InvalidManifest(
            str(reference), "its manifest has an entry without a digest"
        ) from None
