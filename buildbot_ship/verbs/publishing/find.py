"""Check whether a commit is already published, before anything is built."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import ShipError
from ...model.request import CheckRequest, FindRequest
from ...model.result import SUCCESS, Result, counted
from ...registry.interface import Registry
from ..shared.cache import Cache
from .publication import find_publications, publication_keys, published_text


def find(
    request: FindRequest,
    *,
    commit: str,
    registry: Registry,
    cache: Cache,
    check: Callable[[CheckRequest], Result],
) -> Result:
    """Check whether all images of *request* are published, built from the same request.

    If not, the properties have the cache keys of the publications, for `push`, and whether the
    requirements were checked and are up to date.
    """
    names = [push.image for push in request.pushes]
    found = find_publications(request, commit=commit, registry=registry, cache=cache)
    if found is not None:
        done = {"ship_published": True, **found}
        return Result("find", SUCCESS, published_text(names), properties=done)
    checked = _checked(request, check)
    missing = {
        "ship_published": False,
        "ship_publications": publication_keys(request, commit),
        "ship_checked": checked is not None,
    }
    count = counted(len(names), "image")
    summary = f"{count} to build: {', '.join(names)}"
    summary += f"; {checked}" if checked else ""
    return Result("find", SUCCESS, summary, properties=missing)


def _checked(request: FindRequest, check: Callable[[CheckRequest], Result]) -> str | None:
    """Return the summary of the requirements check; None if there is none, or if it fails."""
    try:
        return None if request.check is None else check(request.check).summary
    except ShipError:
        return None
