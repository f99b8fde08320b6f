"""The links of a step on the build page: images in registries, and its own logs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any

from buildbot.util.identifiers import forceIdentifier

from ...errors import InvalidReference
from ...model.decision.links import Link, image_link
from ...model.reference import Reference
from .build_record import record_of

_PUSHED, _PROMOTED, _BASES = "ship_pushed_", "ship_promoted", "ship_bases"
_SLUG_LENGTH = 50
MOST = 20
"""Links of one step; more help nobody."""


def image_links(
    properties: Mapping[str, Any], template: str, insecure: Collection[str]
) -> Iterator[Link]:
    """Yield the pages of the images in the *properties* of a result; see `image_link`."""
    for name, value in properties.items():
        if name.startswith(_PUSHED) or name == _PROMOTED:
            yield from _links([value], template, insecure)
        elif name == _BASES and isinstance(value, Mapping):
            yield from _links(value.values(), template, insecure)


def _links(images: Collection[Any], template: str, insecure: Collection[str]) -> Iterator[Link]:
    for image in images:
        # The worker wrote them: they may be anything.
        with suppress(InvalidReference, KeyError, TypeError, AttributeError):
            reference = Reference.parse(image["reference"])
            if link := image_link(reference, template, insecure, str(image["digest"])):
                yield link


async def log_link(step: Any, name: str) -> Link:
    """Return the page of the log *name* of *step*, which begins with Buildbot's address."""
    row = (await record_of(step.build)).row
    build = f"builders/{row['builderid']}/builds/{row['number']}"
    place = f"{build}/steps/{step.number}/logs/{forceIdentifier(_SLUG_LENGTH, name)}"
    return Link(name, f"{step.master.config.buildbotURL}#/{place}")
