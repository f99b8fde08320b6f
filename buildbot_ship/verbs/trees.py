"""The layers of a layered pex: which there are is decided, and those that lack are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import attrs

from ..model.application.closure import close
from ..model.application.launcher import find_entry, write_launcher
from ..model.application.layering import PREFIX, Planned, plan
from ..model.artefact import Layer, Needs, Pex, Wheel, Wheelhouse
from ..model.reference import Reference, digest_of
from ..model.request import PexRequest
from .conflicts import compare_trees
from .layers import known_layer, take_layer
from .tools import MAKING, minor_of
from .wheelhouse import as_arguments, as_inputs, bring
from .workshop import Ground, Workshop


def make_layered(
    request: PexRequest, house: Wheelhouse, shop: Workshop
) -> tuple[Pex, tuple[str, ...]]:
    """Leave launcher and layers of the pex that *request* names; return its record.

    With it come the lines about files that several packages ship.  A layer that a cache knows
    is neither made nor fetched.  Raises RequirementMissing, PackagesConflict, InvalidRequest
    for a script that is not there, JobFailed.
    """
    facts = shop.facts(Ground(Reference.parse(house.base), house.ground))
    wheels = close(request.requirements, house, facts["environment"], request.name)
    entry = find_entry(request, wheels)
    compared = compare_trees(request, wheels, house, minor_of(facts), shop)
    planned = plan(wheels, house.ground, compared.left_out)
    layers = provide(planned, house, shop)
    data = write_launcher(_script("launcher"), minor_of(facts), entry)
    path = shop.work.pex(request.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    needs = _needs(wheels, facts)
    record = Pex(house.commit, request.name, digest_of(data), len(data), layers, needs)
    return record, compared.lines


def provide(planned: Sequence[Planned], house: Wheelhouse, shop: Workshop) -> tuple[Layer, ...]:
    """Return the layers that were *planned*; those that nobody knows are made, in one go."""
    found = {layer.key: known_layer(layer.key, shop) for layer in planned}
    missing = [layer for layer in planned if found[layer.key] is None]
    made = {**found, **(make(missing, house, shop) if missing else {})}
    return tuple(layer for plan in planned if (layer := made[plan.key]) is not None)


def make(missing: Sequence[Planned], house: Wheelhouse, shop: Workshop) -> dict[str, Layer]:
    """Make layers in one container, and keep them; return them by their keys.

    Raises JobFailed when a wheel cannot be installed or is not what was recorded.
    """
    wheels = {wheel.file: wheel for layer in missing for wheel in layer.wheels}
    bring(house, wheels.values(), shop)
    tools = shop.tools(Reference.parse(house.base), MAKING)
    inputs = as_inputs(wheels.values(), shop.work)
    layers = {layer.key: _arguments(layer) for layer in missing}
    arguments = {"prefix": PREFIX, "layers": layers}
    made: dict[str, Layer] = {}
    with shop.work.scratch() as scratch:
        out = scratch / "made"
        said = shop.run("install", tools.image, arguments, out, inputs)["layers"]
        for layer in missing:
            record = _record(said[layer.key], layer)
            made[layer.key] = take_layer(record, out / f"{layer.key}.tar.gz", shop)
    return made


def _record(said: dict[str, Any], planned: Planned) -> Layer:
    """Return the record of a layer that was made, as ``inside/install.py`` tells of it."""
    # Imported late: most builds make no layer, or one of a few own modules.
    from ..model.image.binaries import read_binaries  # noqa: PLC0415

    binaries = read_binaries(said.pop("elf"))
    return Layer(**said, title=planned.title, key=planned.key, of_pex=True, binaries=binaries)


def _arguments(layer: Planned) -> list[dict[str, Any]]:
    """Return what ``inside/install.py`` is told of a layer."""
    return [
        {**told, "left_out": list(layer.left_out.get(wheel.name, ()))}
        for wheel, told in zip(layer.wheels, as_arguments(layer.wheels), strict=True)
    ]


def _script(name: str) -> str:
    return (files("buildbot_ship.inside") / f"{name}.py").read_text(encoding="utf-8")


def _needs(wheels: Sequence[Wheel], facts: Mapping[str, Any]) -> Needs:
    needs = Needs(minor_of(facts), glibc=max((wheel.glibc for wheel in wheels), default=0))
    if all(wheel.pure for wheel in wheels):
        return needs
    return attrs.evolve(needs, abi=str(facts["abi"]))
