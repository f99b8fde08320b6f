"""Move FROM lines to the newest own copies of their bases."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import attrs

from ...errors import ImageNotFound
from ...model.dockerfile.pin import find_pins, move_pins
from ...model.log import Log
from ...model.reference import Reference
from ...model.request import PinRequest
from ...model.result import SUCCESS, Result, counted
from ...registry.interface import Registry
from ...source.checkout import Checkout
from ...source.interface import required
from ...store.change_notes import ChangeNotes
from ..shared.cache import Cache
from .owned_bases import newest, report

_NO_COPIES = (
    "check the name; its repository holds no own base: make one with RetagBase or DeriveBase "
    "(buildbot-ship retag, derive)"
)


def pin(
    request: PinRequest,
    *,
    checkout: Checkout,
    registry: Registry,
    cache: Cache,
    notes: ChangeNotes,
    log: Log,
) -> Result:
    """Rewrite the Dockerfiles of the working directory; nothing but pins is changed.

    A base stays where its image is the newest one under another tag.  Raises InvalidFile,
    FileMissing, ImageNotFound for a repository without copies, and what registries raise.
    """
    paths = request.dockerfiles or tuple(checkout.matching("*.docker"))
    old = {path: required(checkout, path) for path in paths}
    bases = {
        pin.reference: f"{path}:{pin.line}"
        for path in paths
        for pin in find_pins(old[path], path)
    }
    moves = _moves(registry, bases, log)
    new = {path: move_pins(data, path, moves) for path, data in old.items()}
    changed = {path: data for path, data in new.items() if data != old[path]}
    told = functools.cache(lambda base: report(registry, cache, base, moves[base], log))
    for path, data in changed.items():
        own = dict.fromkeys(pin.reference for pin in find_pins(old[path], path))
        notes.leave(data, "\n".join(told(base) for base in own if base in moves))
    checkout.write({path: data.decode("utf-8") for path, data in changed.items()})
    texts = {"bases.txt": "\n".join(told(base) for base in sorted(moves))} if moves else {}
    return _result(changed, len(bases), texts)


def _moves(
    registry: Registry, bases: Mapping[Reference, str], log: Log
) -> dict[Reference, Reference]:
    """Return the newest copy of each of *bases* that is an older image, by where it stands."""
    found = {}
    for base in sorted(bases):
        latest = newest(registry, base.repository)
        if latest is None:
            raise ImageNotFound(f"{bases[base]}: {base}", _NO_COPIES)
        digest = registry.head(latest)
        now = base.digest or registry.head(base)
        if str(latest.tag) <= str(base.tag) or digest == now:
            log(f"{base}: nothing newer")
            continue
        found[base] = attrs.evolve(latest, digest=digest if base.digest else None)
        log(f"{base} -> {found[base]}")
    return found


def _result(changed: dict[str, bytes], count: int, texts: dict[str, str]) -> Result:
    nothing = f"{counted(count, 'base')}, none newer"
    summary = f"{', '.join(changed)}: newer bases" if changed else nothing
    properties = {"ship_pinned": sorted(changed)}
    return Result("pin", SUCCESS, summary, properties=properties, texts=texts)
