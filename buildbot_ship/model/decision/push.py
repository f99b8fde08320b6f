"""Which part of an image is sent how: decided from its record and its manifest alone."""

from __future__ import annotations

import attrs

from ..artefact import Image, Layer
from ..image.manifest import list_blobs
from ..reference import Reference, Repository
from ..request import PushRequest
from ..tag import commit_tag


@attrs.frozen
class OwnBlob:
    """A blob of ours: a *layer*, or the config."""

    digest: str
    layer: Layer | None = None


@attrs.frozen
class PushPlan:
    """Where an image goes, and how its parts get there.

    *base_blobs* are taken over from *base*; *own_blobs* are uploaded, layers first.
    """

    reference: Reference
    base: Repository
    base_blobs: tuple[str, ...]
    own_blobs: tuple[OwnBlob, ...]

    @classmethod
    def of(cls, request: PushRequest, record: Image, manifest: bytes) -> PushPlan:
        """Return the plan for the image of *record*; raise InvalidManifest."""
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
