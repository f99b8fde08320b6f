"""Publications: which images of a commit are in their repositories, made of what."""

from __future__ import annotations

from typing import Any

from ...model.cache import Entry
from ...model.cache_key import key
from ...model.reference import Repository
from ...model.request import BuildRequest, FindRequest, PushRequest
from ...model.request.wire import CONVERTER
from ...registry.interface import Registry
from ..shared.cache import Cache


def publication_keys(request: BuildRequest | FindRequest, commit: str) -> dict[str, str]:
    """Return the key of every publication, by image: of all that was asked for."""
    parts = ("wheels", "pexes", "images", "pushes")
    asked = {part: CONVERTER.unstructure(getattr(request, part)) for part in parts}
    for pex in asked["pexes"]:
        # A message is no part of what is published; what must fail is not published.
        if pex["conflicts"] != "fail":
            del pex["conflicts"]
    return {
        push.image: key("published", asked=asked, image=push.image, commit=commit)
        for push in request.pushes
    }


def find_publications(
    request: BuildRequest | FindRequest, *, commit: str, registry: Registry, cache: Cache
) -> dict[str, Any] | None:
    """Return the properties of every publication of *request*; None unless all are there.

    A tag cannot move, so where it holds what was made of the same request, nothing is left
    to be made.
    """
    keys = publication_keys(request, commit)
    properties: dict[str, Any] = {}
    for push in request.pushes:
        found = _published(keys[push.image], push, commit, registry, cache)
        if found is None:
            return None
        properties |= found
    return properties or None


def keep_publication(push: PushRequest, properties: dict[str, Any], cache: Cache) -> None:
    """Keep that *push* is done, with its *properties*, if it has a key for that."""
    if push.publication is not None:
        name = _property(push)
        pushed = {**properties[name], "sent_bytes": 0}
        cache.keep(push.publication, Entry({name: pushed}), {})


def _published(
    name: str, push: PushRequest, commit: str, registry: Registry, cache: Cache
) -> dict[str, Any] | None:
    """Return what was published under *name*, if its tag still holds it."""
    entry = cache.find(name)
    pushed = None if entry is None else entry.record.get(_property(push))
    if pushed is None:
        return None
    held = registry.head(Repository.parse(push.repository).tagged(commit))
    return {_property(push): pushed} if held == pushed["digest"] else None


def _property(push: PushRequest) -> str:
    return f"ship_pushed_{push.image}"
