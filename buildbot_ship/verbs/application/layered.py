"""The layers of a layered pex: which there are is decided, and those that lack are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ... import inside
from ...model.application.dependency_closure import close
from ...model.application.launcher import find_entry, write_launcher
from ...model.application.layer_plan import PREFIX, Planned, plan
from ...model.artefact import Layer, Needs, Pex, Wheel, Wheelhouse
from ...model.reference import Reference, digest_of
from ...model.request import PexRequest
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.layers import cached_layer, store_layer
from ..shared.tools_image import BUILD_TOOLS, minor_of
from ..shared.wheelhouse import ensure_wheels, wheel_arguments, wheel_inputs
from .file_conflicts import compare_trees


def make_layered(
    request: PexRequest, wheelhouse: Wheelhouse, runner: JobRunner
) -> tuple[Pex, tuple[str, ...]]:
    """Leave launcher and layers of the pex that *request* names; return its record.

    With it come the lines about files that several packages ship.  A layer that a cache knows
    is neither made nor fetched.  Raises RequirementMissing, PackagesConflict, InvalidRequest
    for a script that is not there, JobFailed.
    """
    facts = runner.facts(BuildBase(Reference.parse(wheelhouse.base), wheelhouse.base_key))
    wheels = close(request.requirements, wheelhouse, facts["environment"], request.name)
    entry = find_entry(request, wheels)
    compared = compare_trees(request, wheels, wheelhouse, minor_of(facts), runner)
    planned = plan(wheels, wheelhouse.base_key, compared.left_out)
    layers = provide(planned, wheelhouse, runner)
    data = write_launcher(inside.launcher().decode(), minor_of(facts), entry)
    path = runner.work.pex(request.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    needs = _needs(wheels, facts)
    record = Pex(wheelhouse.commit, request.name, digest_of(data), len(data), layers, needs)
    return record, compared.lines


def provide(
    planned: Sequence[Planned], wheelhouse: Wheelhouse, runner: JobRunner
) -> tuple[Layer, ...]:
    """Return the layers that were *planned*; those that nobody knows are made, in one go."""
    found = {layer.key: cached_layer(layer.key, runner) for layer in planned}
    missing = [layer for layer in planned if found[layer.key] is None]
    made = {**found, **(make(missing, wheelhouse, runner) if missing else {})}
    return tuple(layer for plan in planned if (layer := made[plan.key]) is not None)


def make(
    missing: Sequence[Planned], wheelhouse: Wheelhouse, runner: JobRunner
) -> dict[str, Layer]:
    """Make layers in one container, and keep them; return them by their keys.

    Raises JobFailed when a wheel cannot be installed or is not what was recorded.
    """
    wheels = {wheel.file: wheel for layer in missing for wheel in layer.wheels}
    ensure_wheels(wheelhouse, wheels.values(), runner)
    tools = runner.tools(Reference.parse(wheelhouse.base), BUILD_TOOLS)
    inputs = wheel_inputs(wheels.values(), runner.work)
    layers = {layer.key: _arguments(layer) for layer in missing}
    arguments = {"prefix": PREFIX, "layers": layers}
    made: dict[str, Layer] = {}
    with runner.work.scratch() as scratch:
        out = scratch / "made"
        said = runner.run("install", tools.image, arguments, out, inputs)["layers"]
        for layer in missing:
            record = _record(said[layer.key], layer)
            made[layer.key] = store_layer(record, out / f"{layer.key}.tar.gz", runner)
    return made


def _record(said: dict[str, Any], planned: Planned) -> Layer:
    """Return the record of a layer that was made, as ``inside/jobs/install.py`` tells of it."""
    # Imported late: most builds make no layer, or one of a few own modules.
    from ...model.image.binaries import read_binaries  # noqa: PLC0415

    binaries = read_binaries(said.pop("elf"))
    return Layer(**said, title=planned.title, key=planned.key, of_pex=True, binaries=binaries)


def _arguments(layer: Planned) -> list[dict[str, Any]]:
    """Return what ``inside/jobs/install.py`` is told of a layer."""
    return [
        {**told, "left_out": list(layer.left_out.get(wheel.name, ()))}
        for wheel, told in zip(layer.wheels, wheel_arguments(layer.wheels), strict=True)
    ]


def _needs(wheels: Sequence[Wheel], facts: Mapping[str, Any]) -> Needs:
    needs = Needs(minor_of(facts), glibc=max((wheel.glibc for wheel in wheels), default=0))
    if all(wheel.pure for wheel in wheels):
        return needs
    return attrs.evolve(needs, abi=str(facts["abi"]))
