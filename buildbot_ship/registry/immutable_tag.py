"""Publish an image under a tag, and refuse to move a tag that names another image."""

from __future__ import annotations

from ..errors import RegistryRefused, TagTaken
from ..model.image.manifest import is_index, list_blobs
from ..model.reference import Reference
from .interface import Manifest, Registry


def find_published(registry: Registry, reference: Reference, manifest: Manifest) -> str | None:
    """Return the digest of *reference* if it names the image of *manifest*, None if unused.

    Two manifests are the same image if they are equal or have the same image ID.  Raises
    TagTaken, which names both images, if *reference* names another image.
    """
    digest = registry.head(reference)
    if digest in (None, manifest.digest):
        return digest
    published = registry.manifest(reference)
    if published is None:
        return None
    new_id, published_id = _image_id(manifest, reference), _image_id(published, reference)
    if new_id is not None and new_id == published_id:
        return published.digest
    holder = _name(published.digest, published_id)
    raise TagTaken(str(reference), holder, _name(manifest.digest, new_id))


def publish(registry: Registry, reference: Reference, manifest: Manifest) -> str:
    """Store *manifest* as the tag *reference*, unless the tag already names that image.

    Return the digest of the tag.  It is checked before and after the manifest is stored, so
    that at least one of two concurrent writers of different images raises TagTaken.  The
    exception: one writer does all its work between the other's check and its store.  Raises
    RegistryRefused if the tag disappears after it was stored.
    """
    published = find_published(registry, reference, manifest)
    if published is not None:
        return published
    registry.put(reference, manifest)
    published = find_published(registry, reference, manifest)
    if published is None:
        action = f"keep {reference}"
        why = "the tag disappeared after it was stored"
        raise RegistryRefused(reference.repository.registry, action, why)
    return published


def _image_id(manifest: Manifest, reference: Reference) -> str | None:
    if is_index(manifest.media_type):
        return None
    return list_blobs(manifest.data, reference)[0].digest


def _name(digest: str, image_id: str | None) -> str:
    return f"{digest} (image {image_id})" if image_id else digest
