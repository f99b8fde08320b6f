"""Look whether a commit is published already, before anything is made."""

from __future__ import annotations

from ..model.request import FindRequest
from ..model.result import SUCCESS, Result
from ..registry.interface import Registry
from .cache import Cache
from .publication import find_publications, publication_keys


def find(request: FindRequest, *, commit: str, registry: Registry, cache: Cache) -> Result:
    """Tell whether every image of *request* is published, made of the same request.

    Where one is not, the result has the keys that its push makes known.
    """
    names = ", ".join(push.image for push in request.pushes)
    found = find_publications(request, commit=commit, registry=registry, cache=cache)
    if found is not None:
        done = {"ship_published": True, **found}
        return Result("find", SUCCESS, f"{names}: published already", properties=done)
    keys = publication_keys(request, commit)
    missing = {"ship_published": False, "ship_publications": keys}
    return Result("find", SUCCESS, f"{names}: not published yet", properties=missing)
