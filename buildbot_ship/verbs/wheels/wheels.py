"""Make the wheelhouse of a commit."""

from __future__ import annotations

import attrs

from ...model.application.wheel_plan import decide, pinned_extras, unknown_extras
from ...model.artefact import Wheelhouse
from ...model.dockerfile.document import base_of
from ...model.request import WheelsRequest
from ...model.requirements.build_lock import BuildLock, parse_build_lock
from ...model.requirements.reader import Pin, parse_strict
from ...model.result import SUCCESS, Result, counted
from ...source.interface import Tree, hardened, read_text, required
from ..shared.job_runner import JobRunner
from ..shared.wheelhouse import bring, place
from .wheel_builder import MADE, KnownWheels, WheelBuilder


def wheels(request: WheelsRequest, *, tree: Tree, runner: JobRunner) -> Result:
    """Fetch what the strict file pins, build what is not a wheel, and keep all of it.

    Fetching has the network and runs nothing; building runs other people's code and has
    neither network nor secrets nor the socket.  What a cache knows is neither fetched nor
    built.  Raises FileMissing, InvalidFile, BaseNotFound, OutputMissing, JobFailed,
    LimitExceeded, and what registry and engine raise.
    """
    pins, lock = _read(request, tree)
    plan = decide(request, pins, lock)
    build_base = runner.build_base(
        base_of(required(tree, request.dockerfile), request.dockerfile)
    )
    builder = WheelBuilder.of(plan, tree, build_base, runner)
    known = builder.look()
    if known.missing is not None:
        runner.prepare_container(build_base.reference)
    with runner.work.scratch() as scratch:
        made = builder.make(known, scratch)
        wheelhouse = Wheelhouse(
            tree.commit,
            str(build_base.reference),
            made.tools,
            made.wheels(),
            build_base.key,
            pinned_extras(pins),
        )
        place(wheelhouse, scratch, MADE, runner.work)
    runner.work.save(wheelhouse)
    if not request.lazy:
        bring(wheelhouse, wheelhouse.wheels, runner)
    warnings = unknown_extras(pins, wheelhouse.wheels, request.strict)
    return attrs.evolve(_result(wheelhouse, known, made.repacked), warnings=warnings)


def _read(request: WheelsRequest, tree: Tree) -> tuple[tuple[Pin, ...], BuildLock]:
    pins = parse_strict(hardened(tree, request.strict), request.strict)
    lock = read_text(tree, request.build_lock)
    return pins, parse_build_lock(lock, request.build_lock) if lock else BuildLock()


def _result(wheelhouse: Wheelhouse, known: KnownWheels, repacked: tuple[int, ...]) -> Result:
    found, missing = wheelhouse.wheels, known.missing
    built = sum(wheel.built for wheel in found)
    size = sum(wheel.size for wheel in found) / 1e6
    news = "all known" if missing is None else f"{len(missing.sections)} of them now"
    news += f", {len(repacked)} repacked" if repacked else ""
    return Result(
        "wheels",
        SUCCESS,
        f"{counted(len(found), 'wheel')}, {size:.1f} MB, {built} built; {news}",
        texts={"wheels.txt": "".join(f"{wheel.digest}  {wheel.file}\n" for wheel in found)},
    )
