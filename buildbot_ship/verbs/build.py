"""The chain from wheels to push, in one process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.cache import Entry
from ..model.key import key
from ..model.log import Log
from ..model.reference import Repository
from ..model.request import BuildRequest, GarbageRequest, PushRequest, Request
from ..model.request.wire import CONVERTER
from ..model.result import SUCCESS, Result
from ..registry.interface import Registry
from .cache import Cache


def build(
    request: BuildRequest,
    *,
    commit: str,
    registry: Registry,
    cache: Cache,
    perform: Callable[[Request], Result],
    log: Log,
) -> Result:
    """Perform every request in turn, and take what this build left in the engine away.

    Where every image of *commit* is published already, made of the same request, its tag
    cannot move, so there is nothing to make.  With no pushes the images stay
    in the engine, under the names that are shown.
    """
    keys = [_key(request, push, commit) for push in request.pushes]
    pairs = list(zip(keys, request.pushes, strict=True))
    held = [_published(name, push, commit, registry, cache) for name, push in pairs]
    names = ", ".join(image.image for image in request.images)
    if held and all(held):
        properties = {name: value for found in held for name, value in (found or {}).items()}
        return Result("build", SUCCESS, f"{names}: published already", properties=properties)
    properties = _perform(request, perform, log)
    for name, push in pairs:
        pushed = f"ship_pushed_{push.image}"
        cache.keep(name, Entry({pushed: properties[pushed]}), {})
    done = "published" if request.pushes else "in the engine"
    return Result("build", SUCCESS, f"{names}: {done}", properties=properties)


def _key(request: BuildRequest, push: PushRequest, commit: str) -> str:
    """Return the key of a publication: of all that was asked for."""
    asked = CONVERTER.unstructure(request)
    return key("published", asked=asked, image=push.image, commit=commit)


def _published(
    name: str, push: PushRequest, commit: str, registry: Registry, cache: Cache
) -> dict[str, Any] | None:
    """Return what was published under *name*, if its tag still holds it."""
    entry = cache.find(name)
    if entry is None:
        return None
    found = dict(entry.record)
    tag = Repository.parse(push.repository).tagged(commit)
    digest = registry.head(tag)
    pushed = found.get(f"ship_pushed_{push.image}")
    same = digest is not None and pushed is not None and pushed["digest"] == digest
    return found if same else None


def _perform(
    request: BuildRequest, perform: Callable[[Request], Result], log: Log
) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    chain = [request.wheels, *request.pexes, *request.images, *request.pushes]
    try:
        for part in chain:
            result = perform(part)
            log(f"{result.verb}: {result.summary}")
            properties |= result.properties
    except BaseException:
        perform(GarbageRequest(finish=True))
        raise
    if request.pushes:
        perform(GarbageRequest(finish=True))
    return properties
