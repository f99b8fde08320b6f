"""The chain from wheels to push, in one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from ..model.log import Log
from ..model.request import (
    CONFLICTS_TEXT,
    BuildRequest,
    GarbageRequest,
    ImageRequest,
    PushRequest,
    Request,
)
from ..model.result import SUCCESS, Result
from ..registry.interface import Registry
from .cache import Cache
from .publication import find_publications, publication_keys


def build(
    request: BuildRequest,
    *,
    commit: str,
    registry: Registry,
    cache: Cache,
    perform: Callable[[Request], Result],
    ahead: Callable[[], Callable[[], None]],
    log: Log,
) -> Result:
    """Perform every request in turn, and take what this build left in the engine away.

    *ahead* begins what can be read meanwhile, and returns what waits for it.

    Where every image of *commit* is published already, made of the same request, its tag
    cannot move, so there is nothing to make.  With no pushes the images stay
    in the engine, under the names that are shown.
    """
    names = ", ".join(image.image for image in request.images)
    found = find_publications(request, commit=commit, registry=registry, cache=cache)
    if found is not None:
        return Result("build", SUCCESS, f"{names}: published already", properties=found)
    keys = publication_keys(request, commit)
    pushes = [attrs.evolve(push, publication=keys[push.image]) for push in request.pushes]
    properties, texts, warnings = _perform(request, pushes, perform, ahead(), log)
    summary = f"{names}: {'published' if pushes else 'in the engine'}"
    return Result("build", SUCCESS, summary, properties, texts, warnings)


def _perform(
    request: BuildRequest,
    pushes: Sequence[PushRequest],
    perform: Callable[[Request], Result],
    wait: Callable[[], None],
    log: Log,
) -> tuple[dict[str, Any], dict[str, str], tuple[str, ...]]:
    """Return the properties, the texts and the warnings of all parts."""
    properties: dict[str, Any] = {}
    conflicts: dict[str, None] = {}
    warnings: dict[str, None] = {}
    chain = [request.wheels, *request.pexes, *request.images, *pushes]
    try:
        for part in chain:
            if isinstance(part, ImageRequest):
                wait()
            result = perform(part)
            log(f"{result.verb}: {result.summary}")
            properties |= result.properties
            conflicts |= dict.fromkeys(result.texts.get(CONFLICTS_TEXT, "").splitlines())
            warnings |= dict.fromkeys(result.warnings)
    except BaseException:
        wait()
        perform(GarbageRequest(finish=True))
        raise
    if pushes:
        perform(GarbageRequest(finish=True))
    texts = {CONFLICTS_TEXT: "\n".join([*conflicts, ""])} if conflicts else {}
    return properties, texts, tuple(warnings)
