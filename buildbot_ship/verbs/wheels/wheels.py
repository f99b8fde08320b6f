"""Make the wheelhouse of a commit: all wheels that the strict file pins, and own ones."""

from __future__ import annotations

import attrs

from ...model.application.wheel_plan import decide, pinned_extras, unknown_extras
from ...model.artefact import Wheelhouse
from ...model.dockerfile.document import base_of
from ...model.reference import Reference
from ...model.request import WheelsRequest
from ...model.requirements.build_lock import BuildLock, parse_build_lock
from ...model.requirements.lock_names import is_lock
from ...model.requirements.reader import Pin, parse_strict
from ...model.result import SUCCESS, Result, counted, size_text
from ...source.interface import Tree, read_hardened, read_text, required
from ..shared.job_runner import JobRunner
from ..shared.wheelhouse import ensure_wheels, update_wheelhouse
from .wheel_builder import WheelBuilder, new_wheel_folders
from .wheel_set import WheelSet


def wheels(request: WheelsRequest, *, tree: Tree, runner: JobRunner) -> Result:
    """Download the wheels that the strict file pins, and build the others.

    The download job has the network and runs no code of packages.  The build job runs it, and
    has no network, no secrets and no access to the engine.  Wheels in the cache are neither
    downloaded nor built.

    Raises FileMissing, InvalidFile, BaseNotFound, OutputMissing, JobFailed, LimitExceeded, and
    the errors of registry and engine.
    """
    base = base_of(required(tree, request.dockerfile), request.dockerfile)
    pins = _pins(request, tree, base, runner)
    plan = decide(request, pins, _build_lock(request, tree))
    build_base = runner.build_base(base)
    builder = WheelBuilder.of(plan, tree, build_base, runner)
    cached = builder.find_cached()
    if cached.missing is not None:
        runner.prepare_container(build_base.reference)
    with runner.work.scratch() as scratch:
        complete = builder.make_missing(cached, scratch)
        wheelhouse = Wheelhouse(
            tree.commit,
            str(build_base.reference),
            complete.tools,
            complete.wheels(),
            build_base.key,
            pinned_extras(pins),
        )
        update_wheelhouse(wheelhouse, new_wheel_folders(scratch), scratch, runner.work)
    runner.work.save(wheelhouse)
    if not request.lazy:
        ensure_wheels(wheelhouse, wheelhouse.wheels, runner)
    warnings = (*complete.warnings, *unknown_extras(pins, wheelhouse.wheels, request.strict))
    return attrs.evolve(_result(wheelhouse, complete), warnings=warnings)


def _pins(
    request: WheelsRequest, tree: Tree, base: Reference, runner: JobRunner
) -> tuple[Pin, ...]:
    """Return the pins of the strict file, or those of a lock file that apply to *base*."""
    if not is_lock(request.strict):
        return parse_strict(read_hardened(tree, request.strict), request.strict)
    # Imported late: most repositories have a strict file.
    from ..shared.locked_pins import read_locked  # noqa: PLC0415

    environment: dict[str, str] = runner.facts(runner.build_base(base))["environment"]
    return read_locked(request, tree, environment)[0].pins


def _build_lock(request: WheelsRequest, tree: Tree) -> BuildLock:
    lock = read_text(tree, request.build_lock)
    return parse_build_lock(lock, request.build_lock) if lock else BuildLock()


def _result(wheelhouse: Wheelhouse, complete: WheelSet) -> Result:
    found, repacked = wheelhouse.wheels, len(complete.repacked)
    known = len(found) - complete.built - complete.downloaded - repacked
    counts = {"built": complete.built, "repacked": repacked, "downloaded": complete.downloaded}
    counts["known"] = known
    parts = [f"{count} {what}" for what, count in counts.items() if count > 0]
    news = "all known" if found and known == len(found) else ", ".join(parts)
    size = size_text(sum(wheel.size for wheel in found))
    return Result(
        "wheels",
        SUCCESS,
        ", ".join(filter(None, [counted(len(found), "wheel"), news, size])),
        texts={"wheels.txt": "".join(f"{wheel.digest}  {wheel.file}\n" for wheel in found)},
    )
