"""One build, from top to bottom: wheels, pexes, images, push."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ...model.log import Log
from ...model.request import (
    CONFLICTS_TEXT,
    BuildRequest,
    GarbageRequest,
    ImageRequest,
    PushRequest,
    Request,
)
from ...model.result import SUCCESS, Result, counted
from ...registry.interface import Registry
from ..publishing.publication import find_publications, publication_keys, published_text
from ..shared.cache import Cache
from ..shared.phases import phase

_IMAGE = "ship_image_"


@attrs.define
class _Outcome:
    """The combined results of several verbs, with each warning and line once."""

    properties: dict[str, Any] = attrs.field(factory=dict)
    conflicts: dict[str, None] = attrs.field(factory=dict)
    warnings: dict[str, None] = attrs.field(factory=dict)

    def add(self, result: Result) -> None:
        """Add the result of one verb."""
        self.properties |= result.properties
        self.conflicts |= dict.fromkeys(result.texts.get(CONFLICTS_TEXT, "").splitlines())
        self.warnings |= dict.fromkeys(result.warnings)

    def result(self, summary: str) -> Result:
        """Return the result of the build."""
        texts = {CONFLICTS_TEXT: "\n".join([*self.conflicts, ""])} if self.conflicts else {}
        return Result("build", SUCCESS, summary, self.properties, texts, tuple(self.warnings))


def build(
    request: BuildRequest,
    *,
    commit: str,
    registry: Registry,
    cache: Cache,
    perform: Callable[[Request], Result],
    overlap: Callable[[], Callable[[], None]],
    log: Log,
) -> Result:
    """Build and publish the images of *commit*, then remove what the build left in the engine.

    1. If every image is published already, from the same request, end here: a published tag
       never moves.
    2. *overlap* starts work in advance (``overlap.py``); it returns a function that waits.
    3. *perform* runs each part of the request in order.

    Without pushes the images stay in the engine, under the names in the result's properties.
    """
    names = [image.image for image in request.images]
    published = find_publications(request, commit=commit, registry=registry, cache=cache)
    if published is not None:
        return Result("build", SUCCESS, published_text(names), properties=published)
    keys = publication_keys(request, commit)
    pushes = [attrs.evolve(push, publication=keys[push.image]) for push in request.pushes]
    parts = [request.wheels, *request.pexes, *request.images, *pushes]
    outcome = _perform(parts, perform, overlap(), log)
    if not pushes:
        return outcome.result(f"{_in_engine(outcome)}; buildbot-ship gc removes what is there")
    return outcome.result(f"{counted(len(names), 'image')} published: {', '.join(names)}")


def _in_engine(outcome: _Outcome) -> str:
    """Return the names of the images in the engine, for the summary."""
    images = (value for name, value in outcome.properties.items() if name.startswith(_IMAGE))
    names = [str(image["loaded_as"]) for image in images]
    return f"{counted(len(names), 'image')} in the engine: {', '.join(names)}"


def _perform(
    parts: Sequence[Request],
    perform: Callable[[Request], Result],
    wait: Callable[[], None],
    log: Log,
) -> _Outcome:
    """Run *parts* in order; call *wait* before the first image, and after an error."""
    outcome = _Outcome()
    try:
        for part in parts:
            if isinstance(part, ImageRequest):
                wait()
            with phase(part.verb, log):
                result = perform(part)
                log(f"{result.verb}: {result.summary}")
            outcome.add(result)
    except BaseException:
        wait()
        perform(GarbageRequest(finish=True))
        raise
    if any(isinstance(part, PushRequest) for part in parts):
        perform(GarbageRequest(finish=True))
    return outcome
