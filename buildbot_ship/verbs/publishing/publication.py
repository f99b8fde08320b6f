"""Publications: cached records of the images that were published for a commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...model.cache import Entry
from ...model.cache_key import key
from ...model.reference import Repository
from ...model.request import BuildRequest, FindRequest, PushRequest
from ...model.request.wire import CONVERTER
from ...model.result import PUSHED, counted
from ...registry.interface import Registry
from ..shared.cache import Cache


def published_text(names: Sequence[str]) -> str:
    """Return the summary for images that are all published already."""
    return f"{counted(len(names), 'image')} already published: {', '.join(names)}"


def publication_keys(request: BuildRequest | FindRequest, commit: str) -> dict[str, str]:
    """Return the cache keys of the publications by image: digests of the whole request."""
    parts = ("wheels", "pexes", "images", "pushes")
    asked: dict[str, Any] = {
        part: CONVERTER.unstructure(getattr(request, part)) for part in parts
    }
    for pex in asked["pexes"]:
        # Only "fail" changes what is published: the other values only change messages.
        if pex["conflicts"] != "fail":
            del pex["conflicts"]
    for image in asked["images"]:
        # Of secrets only the ids, because a key is public.
        if names := sorted(image.pop("build_secrets")):
            image["build_secrets"] = names
    for push in asked["pushes"]:
        for option in ("tested", "claim_remote", "take_over"):
            del push[option]
    if tests := _tests(request):
        asked["tests"] = tests
    return {
        push.image: key("published", asked=asked, image=push.image, commit=commit)
        for push in request.pushes
    }


def _tests(request: BuildRequest | FindRequest) -> list[dict[str, Any]]:
    """Return the tests of *request*; of secrets only the paths, because a key is public."""
    tests = request.tests if isinstance(request, FindRequest) else ()
    plain: list[dict[str, Any]] = [CONVERTER.unstructure(test) for test in tests]
    for test in plain:
        for container in test["containers"]:
            container["secrets"] = sorted(container["secrets"])
    return plain


def find_publications(
    request: BuildRequest | FindRequest, *, commit: str, registry: Registry, cache: Cache
) -> dict[str, Any] | None:
    """Return the properties of all publications of *request*; None if one is missing.

    Tags never move.  So if a tag has the image of the same request, there is nothing to do.
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
    """Cache the *properties* of a finished *push*, if the request has a cache key for it."""
    if push.publication is not None:
        name = _property(push)
        pushed = {**properties[name], "sent_bytes": 0}
        cache.keep(push.publication, Entry({name: pushed}), {})


def _published(
    name: str, push: PushRequest, commit: str, registry: Registry, cache: Cache
) -> dict[str, Any] | None:
    """Return the property of the publication *name*, if its tag still has that image."""
    entry = cache.find(name)
    pushed = None if entry is None else entry.record.get(_property(push))
    if pushed is None:
        return None
    digest = registry.head(Repository.parse(push.repository).tagged(commit))
    return {_property(push): pushed} if digest == pushed["digest"] else None


def _property(push: PushRequest) -> str:
    return f"{PUSHED}{push.image}"
