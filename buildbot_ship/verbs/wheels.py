"""Make the wheelhouse of a commit."""

from __future__ import annotations

import attrs

from ..model.application.wheels import decide, pinned_extras, unknown_extras
from ..model.artefact import Wheelhouse
from ..model.dockerfile.document import base_of
from ..model.request import WheelsRequest
from ..model.requirements.buildlock import BuildLock, parse_build_lock
from ..model.requirements.reader import Pin, parse_strict
from ..model.result import SUCCESS, Result, counted
from ..source.interface import Tree, hardened, read_text, required
from .maker import MADE, Known, Maker
from .wheelhouse import bring, place
from .workshop import Workshop


def wheels(request: WheelsRequest, *, tree: Tree, shop: Workshop) -> Result:
    """Fetch what the strict file pins, build what is not a wheel, and keep all of it.

    Fetching has the network and runs nothing; building runs other people's code and has
    neither network nor secrets nor the socket.  What a cache knows is neither fetched nor
    built.  Raises FileMissing, InvalidFile, BaseNotFound, OutputMissing, JobFailed,
    LimitExceeded, and what registry and engine raise.
    """
    pins, lock = _read(request, tree)
    plan = decide(request, pins, lock)
    ground = shop.ground(base_of(required(tree, request.dockerfile), request.dockerfile))
    maker = Maker.of(plan, tree, ground, shop)
    known = maker.look()
    if known.missing is not None:
        shop.expect(ground.base)
    with shop.work.scratch() as scratch:
        made = maker.make(known, scratch)
        house = Wheelhouse(
            tree.commit,
            str(ground.base),
            made.tools,
            made.wheels(),
            ground.key,
            pinned_extras(pins),
        )
        place(house, scratch, MADE, shop.work)
    shop.work.save(house)
    if not request.lazy:
        bring(house, house.wheels, shop)
    warnings = unknown_extras(pins, house.wheels, request.strict)
    return attrs.evolve(_result(house, known, made.renewed), warnings=warnings)


def _read(request: WheelsRequest, tree: Tree) -> tuple[tuple[Pin, ...], BuildLock]:
    pins = parse_strict(hardened(tree, request.strict), request.strict)
    lock = read_text(tree, request.build_lock)
    return pins, parse_build_lock(lock, request.build_lock) if lock else BuildLock()


def _result(house: Wheelhouse, known: Known, renewed: tuple[int, ...]) -> Result:
    found, missing = house.wheels, known.missing
    built = sum(wheel.built for wheel in found)
    size = sum(wheel.size for wheel in found) / 1e6
    news = "all known" if missing is None else f"{len(missing.sections)} of them now"
    news += f", {len(renewed)} by renewal" if renewed else ""
    return Result(
        "wheels",
        SUCCESS,
        f"{counted(len(found), 'wheel')}, {size:.1f} MB, {built} built; {news}",
        texts={"wheels.txt": "".join(f"{wheel.digest}  {wheel.file}\n" for wheel in found)},
    )
