"""Make a pex, layered or as a zipapp, from the wheels of the wheelhouse."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ...model.application.dependency_closure import find_closure, with_extras
from ...model.application.file_conflicts import bounded
from ...model.artefact import Pex, Wheelhouse
from ...model.cache import Blob, Entry
from ...model.cache_key import key
from ...model.reference import Reference
from ...model.request import CONFLICTS_TEXT, PexRequest
from ...model.request.wire import CONVERTER, structure
from ...model.result import SUCCESS, Result, counted, size_text
from ..shared.job_result import reading_result
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.wheelhouse import ensure_wheels, wheel_arguments, wheel_inputs
from .file_conflicts import compare_zipapp
from .layered import make_layered


def pex(request: PexRequest, *, commit: str, runner: JobRunner) -> Result:
    """Make the pex of *request* from the wheelhouse of *commit*.

    Raises OutputMissing if *commit* has no wheelhouse, RequirementMissing, PackagesConflict,
    and JobFailed if wheels do not match the base or their recorded digests.
    """
    wheelhouse = runner.work.find(Wheelhouse, commit)
    make = make_layered if request.layout == "layered" else _make_zipapp
    record, lines = make(request, wheelhouse, runner)
    runner.work.pex(request.name).chmod(0o755)
    runner.work.save(record)
    return _result(record, lines, quiet=request.conflicts == "ignore")


def _make_zipapp(
    request: PexRequest, wheelhouse: Wheelhouse, runner: JobRunner
) -> tuple[Pex, tuple[str, ...]]:
    """Write the zipapp; return its record, and the lines on file conflicts."""
    facts = runner.facts(BuildBase(Reference.parse(wheelhouse.base), wheelhouse.base_key))
    request = _with_extras(request, wheelhouse, facts["environment"])
    closure = find_closure(request.requirements, wheelhouse, facts["environment"], request.name)
    lines = compare_zipapp(request, wheelhouse, facts, runner)
    record = _cached_zipapp(request, wheelhouse, runner)
    return attrs.evolve(record, packages=closure.packages), lines


def _cached_zipapp(request: PexRequest, wheelhouse: Wheelhouse, runner: JobRunner) -> Pex:
    """Write the zipapp, from this worker's cache if possible; return its record."""
    asked = CONVERTER.unstructure(request)
    del asked["revision"], asked["conflicts"]
    wheels = [[wheel.file, wheel.digest] for wheel in wheelhouse.wheels]
    name = key("pex", base_key=wheelhouse.base_key, asked=asked, wheels=wheels)
    path = runner.work.pex(request.name)
    entry = runner.cache.find(name, shared=False)
    if entry is not None:
        path.unlink(missing_ok=True)
        if runner.cache.fetch(entry.blobs[0], path):
            return attrs.evolve(structure(entry.record, Pex, "pex"), commit=wheelhouse.commit)
    record = _build_zipapp(request, wheelhouse, runner)
    blob = Blob(request.name, record.digest, record.size)
    entry = Entry(CONVERTER.unstructure(record), (blob,))
    runner.cache.keep(name, entry, {blob.digest: path}, shared=False)
    return record


def _with_extras(
    request: PexRequest, wheelhouse: Wheelhouse, environment: Mapping[str, str]
) -> PexRequest:
    """Return *request* with the extras that the strict file pins."""
    if not wheelhouse.extras:
        return request
    wanted = with_extras(request.requirements, wheelhouse, environment, request.name)
    return attrs.evolve(request, requirements=wanted)


def _build_zipapp(request: PexRequest, wheelhouse: Wheelhouse, runner: JobRunner) -> Pex:
    """Build the zipapp in a throw-away container; return its record."""
    ensure_wheels(wheelhouse, wheelhouse.wheels, runner)
    tools = runner.tools(Reference.parse(wheelhouse.base))
    arguments = {
        "name": request.name,
        "requirements": list(request.requirements),
        "module": request.module,
        "script": request.script,
        "shebang": f"#!/usr/bin/env python{tools.minor}",
        "wheels": wheel_arguments(wheelhouse.wheels),
    }
    inputs = wheel_inputs(wheelhouse.wheels, runner.work)
    with runner.work.scratch() as scratch:
        result = runner.run("pex", tools.image, arguments, scratch / "made", inputs)
        with reading_result("pex"):
            runner.work.replace(scratch / "made" / request.name, runner.work.pex(request.name))
    # Imported late: most pexes are layered.
    from ...model.image.binaries import read_binaries  # noqa: PLC0415

    with reading_result("pex"):
        binaries = read_binaries(result["elf"])
        digest, size = result["digest"], result["size"]
        return Pex(wheelhouse.commit, request.name, digest, size, binaries=binaries)


def _result(record: Pex, lines: tuple[str, ...], *, quiet: bool) -> Result:
    size = size_text(record.size + sum(layer.size for layer in record.layers))
    spread = f"{counted(len(record.layers), 'layer')}, " if record.layers else ""
    return Result(
        "pex",
        SUCCESS,
        f"{spread}{size}: {record.name}",
        properties={f"ship_pex_{record.name}": record.whole},
        texts={CONFLICTS_TEXT: "".join(f"{line}\n" for line in lines)} if lines else {},
        warnings=() if quiet else bounded(lines),
    )
