"""Copy images from registry to registry, byte by byte, so that digests stay the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import attrs

from ..errors import TagTaken
from ..model.image.manifest import is_index, list_blobs, list_children
from ..model.reference import Reference, Repository
from ..model.result import counted
from .immutable_tag import publish
from .interface import Manifest, Progress, Registry, required_manifest


@attrs.frozen
class Copied:
    """The cost of a copy: *mounted* and *sent* count blobs, *bytes_sent* counts bytes sent."""

    bytes_sent: int = 0
    mounted: int = 0
    sent: int = 0

    def __add__(self, other: Copied) -> Copied:
        """Return the sum."""
        return Copied(
            self.bytes_sent + other.bytes_sent,
            self.mounted + other.mounted,
            self.sent + other.sent,
        )

    def __str__(self) -> str:
        """Return the counts as a log line."""
        blobs = counted(self.mounted, "blob")
        return f"{blobs} mounted, {self.sent} sent ({self.bytes_sent} bytes)"


def copy(
    registry: Registry,
    source: Reference,
    destination: Reference,
    show: Callable[[str], Progress] | None = None,
) -> Copied:
    """Copy the image *source*, with all platforms of an index, to the tag *destination*.

    The tag is stored last and gets the digest of *source*.  *show* returns what shows the
    progress of a blob, by its title.  Raises ImageNotFound, TagTaken,
    InvalidManifest, DigestMismatch.
    """
    manifest = required_manifest(registry, source)
    copied = _copy_content(registry, manifest, source, destination.repository, show)
    published = publish(registry, destination, manifest)
    if published != manifest.digest:
        raise TagTaken(str(destination), published, manifest.digest)
    return copied


def copy_blob(
    registry: Registry,
    digest: str,
    source: Repository,
    destination: Repository,
    progress: Progress | None = None,
) -> Copied:
    """Copy a blob of *source* unless *destination* has it: mount it, or download and upload."""
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
        return Copied(registry.upload(destination, digest, spool, progress), sent=1)


def _copy_content(
    registry: Registry,
    manifest: Manifest,
    source: Reference,
    destination: Repository,
    show: Callable[[str], Progress] | None,
) -> Copied:
    """Copy the blobs and manifests that *manifest* lists: a registry requires them first."""
    copied = Copied()
    if is_index(manifest.media_type):
        for child in list_children(manifest.data, source):
            at = source.repository.at(child.digest)
            platform = required_manifest(registry, at)
            copied += _copy_content(registry, platform, at, destination, show)
            registry.put(destination.at(child.digest), platform)
        return copied
    blobs = [blob for blob in list_blobs(manifest.data, source) if not blob.foreign]
    for number, blob in enumerate(blobs, 1):
        progress = show(f"blob {number} of {len(blobs)}") if show else None
        copied += copy_blob(registry, blob.digest, source.repository, destination, progress)
    return copied
