"""Make a layered pex: a launcher, and layers with its dependency closure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from ... import inside
from ...model.application.dependency_closure import find_closure
from ...model.application.launcher import find_entry, write_launcher
from ...model.application.layer_plan import PREFIX, PlannedLayer, plan_layers
from ...model.artefact import Layer, Needs, Pex, Wheel, Wheelhouse
from ...model.reference import Reference, digest_of
from ...model.request import PexRequest
from ..shared.job_result import reading_result
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.layers import cached_layer, store_layer
from ..shared.tools_image import BUILD_TOOLS, minor_of
from ..shared.wheelhouse import ensure_wheels, wheel_arguments, wheel_inputs
from .file_conflicts import compare_trees


def make_layered(
    request: PexRequest, wheelhouse: Wheelhouse, runner: JobRunner
) -> tuple[Pex, tuple[str, ...]]:
    """Make launcher and layers of a pex; return its record, and the lines on file conflicts.

    A cached layer is neither made nor fetched.  Raises RequirementMissing, PackagesConflict,
    InvalidRequest for an entry point that does not exist, JobFailed.
    """
    facts = runner.facts(BuildBase(Reference.parse(wheelhouse.base), wheelhouse.base_key))
    closure = find_closure(request.requirements, wheelhouse, facts["environment"], request.name)
    wheels = closure.wheels
    entry = find_entry(request, wheels)
    compared = compare_trees(request, wheels, wheelhouse, minor_of(facts), runner)
    planned = plan_layers(wheels, wheelhouse.base_key, compared.left_out)
    layers = get_layers(planned, wheelhouse, runner)
    data = write_launcher(inside.launcher().decode(), minor_of(facts), entry)
    path = runner.work.pex(request.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Pex(
        wheelhouse.commit,
        request.name,
        digest_of(data),
        len(data),
        layers,
        _needs(wheels, facts),
        packages=closure.packages,
    ), compared.lines


def get_layers(
    planned: Sequence[PlannedLayer], wheelhouse: Wheelhouse, runner: JobRunner
) -> tuple[Layer, ...]:
    """Return the *planned* layers; make those that are not cached, in one container."""
    found = {layer.key: cached_layer(layer.key, runner) for layer in planned}
    missing = [layer for layer in planned if found[layer.key] is None]
    layers = {**found, **(make_layers(missing, wheelhouse, runner) if missing else {})}
    return tuple(layer for plan in planned if (layer := layers[plan.key]) is not None)


def make_layers(
    missing: Sequence[PlannedLayer], wheelhouse: Wheelhouse, runner: JobRunner
) -> dict[str, Layer]:
    """Make *missing* layers in one container, and store them; return them by cache key.

    Raises JobFailed if a wheel cannot be installed, or does not have its recorded digest.
    """
    wheels = {wheel.file: wheel for layer in missing for wheel in layer.wheels}
    ensure_wheels(wheelhouse, wheels.values(), runner)
    tools = runner.tools(Reference.parse(wheelhouse.base), BUILD_TOOLS)
    inputs = wheel_inputs(wheels.values(), runner.work)
    layers = {layer.key: _arguments(layer) for layer in missing}
    arguments = {"prefix": PREFIX, "layers": layers}
    with runner.work.scratch() as scratch:
        out = scratch / "made"
        result = runner.run("install", tools.image, arguments, out, inputs)
        with reading_result("install"):
            records = [_record(result["layers"][layer.key], layer) for layer in missing]
            return _store(records, out, runner)


def _store(records: Sequence[Layer], out: Path, runner: JobRunner) -> dict[str, Layer]:
    """Verify and store the layers of *records*, whose files are in *out*; several at a time."""

    def store(record: Layer) -> Layer:
        return store_layer(record, out / f"{record.key}.tar.gz", runner)

    if len(records) == 1:
        return {record.key: store(record) for record in records}
    # Imported late: most builds make one layer.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor() as pool:
        return {layer.key: layer for layer in pool.map(store, records)}


def _record(result: dict[str, Any], planned: PlannedLayer) -> Layer:
    """Return the record of a new layer from the *result* of ``inside/jobs/install.py``."""
    # Imported late: most builds make no layer, or one of a few own modules.
    from ...model.image.binaries import read_binaries  # noqa: PLC0415

    binaries = read_binaries(result.pop("elf"))
    return Layer(**result, title=planned.title, key=planned.key, of_pex=True, binaries=binaries)


def _arguments(layer: PlannedLayer) -> list[dict[str, Any]]:
    """Return the argument of ``inside/jobs/install.py`` for a layer."""
    return [
        {**argument, "left_out": list(layer.left_out.get(wheel.name, ()))}
        for wheel, argument in zip(layer.wheels, wheel_arguments(layer.wheels), strict=True)
    ]


def _needs(wheels: Sequence[Wheel], facts: Mapping[str, Any]) -> Needs:
    needs = Needs(minor_of(facts), glibc=max((wheel.glibc for wheel in wheels), default=0))
    if all(wheel.pure for wheel in wheels):
        return needs
    return attrs.evolve(needs, abi=str(facts["abi"]))
