"""Tags that never move, on registries that would move them without a word."""

from __future__ import annotations

from ..errors import RegistryRefused, TagTaken
from ..model.image.manifest import is_index, list_blobs
from ..model.reference import Reference
from .interface import Manifest, Registry


def find_held(registry: Registry, reference: Reference, manifest: Manifest) -> str | None:
    """Return the digest under *reference* when it names the image of *manifest*.

    None when nothing is there yet.  The same image is the same manifest, or one with the
    same config.  Raises TagTaken, naming both, when it is another.
    """
    held = registry.head(reference)
    if held in (None, manifest.digest):
        return held
    there = registry.manifest(reference)
    if there is None:
        return None
    ours, theirs = _image_id(manifest, reference), _image_id(there, reference)
    if ours is not None and ours == theirs:
        return there.digest
    holder, loser = _name(there.digest, theirs), _name(manifest.digest, ours)
    raise TagTaken(str(reference), holder, loser)


def publish(registry: Registry, reference: Reference, manifest: Manifest) -> str:
    """Put *manifest* under the tag of *reference*, unless it holds that image already.

    Return the digest that the tag names.  It is looked at right before and right after,
    so that of two writers with different images at least one raises TagTaken, unless
    one did all of it between the other's look and its put.  Raises RegistryRefused, too,
    when the tag is gone again.
    """
    held = find_held(registry, reference, manifest)
    if held is not None:
        return held
    registry.put(reference, manifest)
    stays = find_held(registry, reference, manifest)
    if stays is None:
        what = f"keep {reference}"
        raise RegistryRefused(reference.repository.registry, what, "it is gone again")
    return stays


def _image_id(manifest: Manifest, reference: Reference) -> str | None:
    if is_index(manifest.media_type):
        return None
    return list_blobs(manifest.data, reference)[0].digest


def _name(digest: str, image_id: str | None) -> str:
    return f"{digest} (image {image_id})" if image_id else digest
