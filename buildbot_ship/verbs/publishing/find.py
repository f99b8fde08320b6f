"""Look whether a commit is published already, before anything is made."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import ShipError
from ...model.request import CheckRequest, FindRequest
from ...model.result import SUCCESS, Result
from ...registry.interface import Registry
from ..shared.cache import Cache
from .publication import find_publications, publication_keys


def find(
    request: FindRequest,
    *,
    commit: str,
    registry: Registry,
    cache: Cache,
    check: Callable[[CheckRequest], Result],
) -> Result:
    """Tell whether every image of *request* is published, made of the same request.

    Where one is not, the result has the keys that its push makes known, and whether the
    requirements are checked, and fine.
    """
    names = ", ".join(push.image for push in request.pushes)
    found = find_publications(request, commit=commit, registry=registry, cache=cache)
    if found is not None:
        done = {"ship_published": True, **found}
        return Result("find", SUCCESS, f"{names}: published already", properties=done)
    checked = _checked(request, check)
    missing = {
        "ship_published": False,
        "ship_publications": publication_keys(request, commit),
        "ship_checked": checked is not None,
    }
    summary = f"{names}: not published yet" + (f"; {checked}" if checked else "")
    return Result("find", SUCCESS, summary, properties=missing)


def _checked(request: FindRequest, check: Callable[[CheckRequest], Result]) -> str | None:
    """Return the verdict on the requirements; None where it takes the check to say it."""
    try:
        return None if request.check is None else check(request.check).summary
    except ShipError:
        return None
