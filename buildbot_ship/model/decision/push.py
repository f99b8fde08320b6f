"""Plan the push of an image, and report it: base layers are mounted, other blobs uploaded."""

from __future__ import annotations

import attrs

from ..artefact import Image, Layer, Package
from ..image.manifest import list_blobs
from ..reference import Reference, Repository
from ..request import PushRequest
from ..tag import commit_tag


@attrs.frozen
class OwnBlob:
    """A blob that is uploaded: a *layer*, or the config."""

    digest: str
    layer: Layer | None = None


@attrs.frozen
class PushPlan:
    """The destination of an image, and its blobs.

    *base_blobs* are taken from the repository *base*; *own_blobs* are uploaded, layers first.
    """

    reference: Reference
    base: Repository
    base_blobs: tuple[str, ...]
    own_blobs: tuple[OwnBlob, ...]

    @classmethod
    def of(cls, request: PushRequest, record: Image, manifest: bytes) -> PushPlan:
        """Return the plan for the image of *record*.  Raises InvalidManifest."""
        tag = commit_tag(record.commit)
        reference = Repository.parse(request.repository).tagged(tag)
        own = {layer.digest: OwnBlob(layer.digest, layer) for layer in record.layers}
        config, *layers = list_blobs(manifest, reference)
        ours = {*own, config.digest}
        theirs = [b.digest for b in layers if b.digest not in ours and not b.foreign]
        return cls(
            reference,
            Reference.parse(record.base).repository,
            tuple(dict.fromkeys(theirs)),
            (*own.values(), OwnBlob(config.digest)),
        )


@attrs.frozen
class PublishedFacts:
    """What the worker knows of an image that it pushed; the master's journal keeps it.

    *tested* is true if `SmokeTest` passed exactly this image.
    """

    image: str
    repository: str
    commit: str
    reference: str
    digest: str
    size: int
    base: str
    tested: bool
    packages: dict[str, Package] = attrs.field(factory=dict, repr=False)
