"""Pin bases: update FROM lines to the newest bases in your own repositories."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import attrs

from ...errors import ImageNotFound
from ...model.dockerfile.pin import find_pins, move_pins
from ...model.reference import Reference
from ...model.request import PinRequest
from ...model.result import SUCCESS, Result, counted
from ...source.checkout import Checkout
from ...source.interface import required
from ...store.change_notes import ChangeNotes
from .owned_bases import OwnedBases

_NO_COPIES = (
    "check the name; if its repository has no own base yet, make one with RetagBase or "
    "DeriveBase, for example: "
    "buildbot-ship retag python:3.14=registry.example.com/team/python314"
)


def pin(
    request: PinRequest,
    *,
    checkout: Checkout,
    bases: OwnedBases,
    notes: ChangeNotes,
) -> Result:
    """Update the FROM lines of Dockerfiles in the working directory.

    A FROM line stays unchanged if its image is the newest one, even under another tag.  Raises
    InvalidFile, FileMissing, ImageNotFound for a repository without bases, and the errors of
    registries.
    """
    paths = request.dockerfiles or tuple(checkout.matching("*.docker"))
    old = {path: required(checkout, path) for path in paths}
    places = {
        pin.reference: f"{path}:{pin.line}"
        for path in paths
        for pin in find_pins(old[path], path)
    }
    moves = _find_moves(bases, places)
    new = {path: move_pins(data, path, moves) for path, data in old.items()}
    changed = {path: data for path, data in new.items() if data != old[path]}
    report = functools.cache(lambda base: bases.report(base, moves[base]))
    for path, data in changed.items():
        pinned = dict.fromkeys(pin.reference for pin in find_pins(old[path], path))
        notes.leave(data, "\n".join(report(base) for base in pinned if base in moves))
    checkout.write({path: data.decode("utf-8") for path, data in changed.items()})
    texts = {"bases.txt": "\n".join(report(base) for base in sorted(moves))} if moves else {}
    newer = {str(old): str(new) for old, new in sorted(moves.items())}
    return _result(changed, newer, len(places), texts)


def _find_moves(
    bases: OwnedBases, places: Mapping[Reference, str]
) -> dict[Reference, Reference]:
    """Return the newest base for each outdated one; *places* are files and lines by base."""
    moves = {}
    for base in sorted(places):
        latest = bases.newest(base.repository)
        if latest is None:
            raise ImageNotFound(f"{places[base]}: {base}", _NO_COPIES)
        digest = bases.registry.head(latest)
        current = base.digest or bases.registry.head(base)
        if str(latest.tag) <= str(base.tag) or digest == current:
            bases.log(f"{base}: up to date")
            continue
        moves[base] = attrs.evolve(latest, digest=digest if base.digest else None)
        bases.log(f"{base} -> {moves[base]}")
    return moves


def _result(
    changed: dict[str, bytes], newer: dict[str, str], count: int, texts: dict[str, str]
) -> Result:
    bases = counted(count, "base")
    found = f"{len(newer)} of {bases} newer: {', '.join(changed)}"
    summary = found if changed else f"{bases}, none newer"
    properties = {"ship_pinned": sorted(changed), "ship_outdated": newer}
    return Result("pin", SUCCESS, summary, properties=properties, texts=texts)
