"""Images from registry to registry: bytes stay bytes, so digests stay digests."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs

from ..errors import TagTaken
from ..model.image.manifest import is_index, list_blobs, list_children
from ..model.reference import Reference, Repository
from ..model.result import counted
from .interface import Manifest, Registry, required_manifest
from .publication import publish


@attrs.frozen
class Copied:
    """What it took: *mounted* and *sent* count blobs, *bytes_sent* counts their bytes."""

    bytes_sent: int = 0
    mounted: int = 0
    sent: int = 0

    def __add__(self, other: Copied) -> Copied:
        """Return both together."""
        return Copied(
            self.bytes_sent + other.bytes_sent,
            self.mounted + other.mounted,
            self.sent + other.sent,
        )

    def __str__(self) -> str:
        """Return it for a log."""
        blobs = counted(self.mounted, "blob")
        return f"{blobs} mounted, {self.sent} sent ({self.bytes_sent} bytes)"


def copy(registry: Registry, source: Reference, destination: Reference) -> Copied:
    """Copy what *source* names, all platforms of an index, to the tag of *destination*.

    The tag gets the very digest of the source, and is put last.  Raises ImageNotFound,
    TagTaken, InvalidManifest, DigestMismatch.
    """
    manifest = required_manifest(registry, source)
    copied = _copy_parts(registry, manifest, source, destination.repository)
    held = publish(registry, destination, manifest)
    if held != manifest.digest:
        raise TagTaken(str(destination), held, manifest.digest)
    return copied


def copy_blob(
    registry: Registry, digest: str, source: Repository, destination: Repository
) -> Copied:
    """See that *destination* holds a blob of *source*: mounted, or through a file."""
    if registry.has(destination, digest):
        return Copied()
    same = source.registry == destination.registry
    if same and registry.mount(destination, digest, source):
        return Copied(mounted=1)
    with tempfile.TemporaryDirectory(prefix="buildbot-ship-") as folder:
        spool = Path(folder) / "blob"
        with spool.open("wb") as file:
            for chunk in registry.stream(source, digest):
                file.write(chunk)
        return Copied(registry.upload(destination, digest, spool), sent=1)


def _copy_parts(
    registry: Registry, manifest: Manifest, source: Reference, destination: Repository
) -> Copied:
    """Copy what *manifest* lists, so that the registry will take it."""
    copied = Copied()
    if is_index(manifest.media_type):
        for child in list_children(manifest.data, source):
            at = source.repository.at(child.digest)
            part = required_manifest(registry, at)
            copied += _copy_parts(registry, part, at, destination)
            registry.put(destination.at(child.digest), part)
        return copied
    for blob in list_blobs(manifest.data, source):
        if not blob.foreign:
            copied += copy_blob(registry, blob.digest, source.repository, destination)
    return copied
