"""Publish an image under a tag, and refuse to move a tag that names another image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import RegistryRefused, ShipError, TagTaken
from ..model.image.manifest import is_index, list_blobs
from ..model.reference import Reference
from .interface import Manifest, Registry


@contextmanager
def before_publication() -> Iterator[None]:
    """Mark errors in this block: nothing was stored under the tag, so its claim is free."""
    try:
        yield
    except ShipError as error:
        error.unpublished = True
        raise


def find_published(registry: Registry, reference: Reference, manifest: Manifest) -> str | None:
    """Return the digest of *reference* if it names the image of *manifest*, None if unused.

    Two manifests are the same image if they are equal or have the same image ID.  Raises
    TagTaken, which names both images, if *reference* names another image.
    """
    digest = registry.head(reference)
    if digest in (None, manifest.digest):
        return digest
    published = registry.manifest(reference)
    return None if published is None else _same_image(reference, published, manifest)


def publish(registry: Registry, reference: Reference, manifest: Manifest) -> str:
    """Store *manifest* as the tag *reference*, unless the tag already names that image.

    Return the digest of the tag.  The tag is checked before, and read back after the manifest
    is stored.  A registry cannot lock a tag: only a claim, made before this call, keeps two
    writers of different images apart.  Without one, a writer that does all its work between the
    other's check and its store is overwritten unnoticed.  Raises TagTaken, and RegistryRefused
    if the registry lost what it had accepted.
    """
    with before_publication():
        published = find_published(registry, reference, manifest)
    if published is not None:
        return published
    registry.put(reference, manifest)
    return _read_back(registry, reference, manifest)


def _read_back(registry: Registry, reference: Reference, manifest: Manifest) -> str:
    """Return the digest of the tag, if it names the image of *manifest*, config included."""
    published = registry.manifest(reference)
    if published is None:
        raise _lost(reference, "the tag disappeared after it was stored")
    digest = _same_image(reference, published, manifest)
    config = _image_id(published, reference)
    if config is not None and not registry.has(reference.repository, config):
        raise _lost(reference, f"the config {config} is missing after it was stored")
    return digest


def _lost(reference: Reference, why: str) -> RegistryRefused:
    return RegistryRefused(reference.repository.registry, f"keep {reference}", why)


def _same_image(reference: Reference, published: Manifest, manifest: Manifest) -> str:
    """Return the digest of *published* if it is the image of *manifest*.  Raises TagTaken."""
    if published.digest == manifest.digest:
        return published.digest
    new_id, published_id = _image_id(manifest, reference), _image_id(published, reference)
    if new_id is not None and new_id == published_id:
        return published.digest
    holder = _name(published.digest, published_id)
    raise TagTaken(str(reference), holder, _name(manifest.digest, new_id))


def _image_id(manifest: Manifest, reference: Reference) -> str | None:
    if is_index(manifest.media_type):
        return None
    return list_blobs(manifest.data, reference)[0].digest


def _name(digest: str, image_id: str | None) -> str:
    return f"{digest} (image {image_id})" if image_id else digest
