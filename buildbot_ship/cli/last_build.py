"""Write the note about a published `build`, for `up_to_date.repeated_summary`."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.image.manifest import KINDS
from ..model.reference import Reference
from ..model.request import BuildRequest
from ..model.result import Result, published_lines
from ..registry.http.address import Addresses
from ..verbs.publishing.publication import published_text
from .up_to_date import write_note


def note_published(arguments: Sequence[str], request: BuildRequest, result: Result) -> None:
    """Write a note about what the call published; none if it published nothing."""
    pushed = [result.properties[f"ship_pushed_{push.image}"] for push in request.pushes]
    if not pushed:
        return
    references = [Reference.parse(each["reference"]) for each in pushed]
    accept = ", ".join(KINDS)
    tags = [
        {"url": _url(reference), "accept": accept, "digest": each["digest"]}
        for reference, each in zip(references, pushed, strict=True)
    ]
    summary = published_text([image.image for image in request.images])
    text = "\n".join([*published_lines(result), f"build: {summary}"])
    write_note(arguments, str(references[0].tag), text, tags)


def _url(reference: Reference) -> str:
    """Return the URL of the manifest of a tagged image (OCI distribution specification)."""
    repository = reference.repository
    api = Addresses().api_url(repository.registry)
    return f"{api}/v2/{repository.path}/manifests/{reference.tag}"
