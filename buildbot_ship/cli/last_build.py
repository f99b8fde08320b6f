"""What a `build` published, noted for the next call like it."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.image.manifest import KINDS
from ..model.reference import Reference
from ..model.request import BuildRequest
from ..model.result import Result
from ..registry.http.address import api_url
from .up_to_date import keep


def remember(arguments: Sequence[str], request: BuildRequest, result: Result) -> None:
    """Leave the note that `known.look` reads; none where nothing was published."""
    pushed = [result.properties[f"ship_pushed_{push.image}"] for push in request.pushes]
    if not pushed:
        return
    references = [Reference.parse(each["reference"]) for each in pushed]
    accept = ", ".join(KINDS)
    tags = [
        {"url": _url(reference), "accept": accept, "digest": each["digest"]}
        for reference, each in zip(references, pushed, strict=True)
    ]
    names = ", ".join(image.image for image in request.images)
    keep(arguments, str(references[0].tag), f"build: {names}: already published", tags)


def _url(reference: Reference) -> str:
    """Return where the manifest of a tagged image is (OCI distribution specification)."""
    repository = reference.repository
    return f"{api_url(repository.registry)}/v2/{repository.path}/manifests/{reference.tag}"
