"""Look whether a commit is published already, before anything is made."""

from __future__ import annotations

from collections.abc import Callable

from ..model.request import FindRequest, GarbageRequest
from ..model.result import SUCCESS, Result
from ..registry.interface import Registry
from ..store.ledger import Ledger
from ..store.work import Work
from .cache import Cache
from .gc import find_dead
from .publication import find_publications, publication_keys


def find(
    request: FindRequest,
    *,
    commit: str,
    registry: Registry,
    cache: Cache,
    ledger: Ledger,
    work: Work,
    clock: Callable[[], float],
) -> Result:
    """Tell whether every image of *request* is published, made of the same request.

    Where one is not, the result has the keys that its push makes known, and whether dead
    builds left something that is to be removed first.
    """
    names = ", ".join(push.image for push in request.pushes)
    found = find_publications(request, commit=commit, registry=registry, cache=cache)
    if found is not None:
        done = {"ship_published": True, **found}
        return Result("find", SUCCESS, f"{names}: published already", properties=done)
    leftovers = work.is_littered() or find_dead(GarbageRequest(), ledger, clock)
    missing = {
        "ship_published": False,
        "ship_publications": publication_keys(request, commit),
        "ship_leftovers": bool(leftovers),
    }
    return Result("find", SUCCESS, f"{names}: not published yet", properties=missing)
