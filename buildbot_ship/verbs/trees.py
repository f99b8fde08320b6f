"""The layers of a layered pex: which there are is decided, and those that lack are made."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from importlib.resources import files

import attrs

from ..daemon.interface import JobFile
from ..model.artefact import Layer, Needs, Pex, Wheel, Wheelhouse
from ..model.closure import close
from ..model.launcher import find_entry, write_launcher
from ..model.layering import PREFIX, Planned, plan
from ..model.reference import digest_of
from ..model.request import PexRequest
from .content import digest_of_file, expect
from .workshop import Tools, Workshop

_RECIPE = ("install", "bytecode", "compress", "layer", "job", "pex")
"""The scripts that decide about the bytes of a layer."""


def make_layered(request: PexRequest, house: Wheelhouse, tools: Tools, shop: Workshop) -> Pex:
    """Leave launcher and layers of the pex that *request* names; return its record.

    Raises RequirementMissing, InvalidRequest for a script that is not there, JobFailed.
    """
    environment = tools.facts["environment"]
    wheels = close(request.requirements, house.wheels, environment, request.name)
    entry = find_entry(request, wheels)
    layers = provide(plan(wheels, _recipe(tools)), tools, shop)
    data = write_launcher(_script("launcher").decode(), tools.minor, entry)
    path = shop.work.pex(request.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    needs = _needs(wheels, tools)
    return Pex(house.commit, request.name, digest_of(data), len(data), layers, needs)


def provide(planned: Sequence[Planned], tools: Tools, shop: Workshop) -> tuple[Layer, ...]:
    """Return the layers that were *planned*; those that nobody has are made, in one go."""
    found = {layer.identity: _known(layer, shop) for layer in planned}
    missing = [layer for layer in planned if found[layer.identity] is None]
    made = {**found, **(make(missing, tools, shop) if missing else {})}
    return tuple(layer for plan in planned if (layer := made[plan.identity]) is not None)


def make(missing: Sequence[Planned], tools: Tools, shop: Workshop) -> dict[str, Layer]:
    """Make layers in one container, and keep them; return them by their identities.

    Raises JobFailed when a wheel cannot be installed or is not what was recorded.
    """
    wheels = {wheel.file: wheel for layer in missing for wheel in layer.wheels}
    inputs = tuple(JobFile(f"wheelhouse/{f}", shop.work.wheelhouse / f) for f in wheels)
    layers = {layer.identity: [_named(wheel) for wheel in layer.wheels] for layer in missing}
    arguments = {"prefix": PREFIX, "layers": layers}
    made: dict[str, Layer] = {}
    with shop.work.scratch() as scratch:
        out = scratch / "made"
        said = shop.run("install", tools.image, arguments, out, inputs)["layers"]
        for layer in missing:
            path, told = out / f"{layer.identity}.tar.gz", said[layer.identity]
            expect(layer.title, told["digest"], digest_of_file(path))
            unpacked = digest_of_file(path, zlib.decompressobj(31))
            expect(f"{layer.title}, unpacked,", told["diff_id"], unpacked)
            record = Layer(**told, title=layer.title)
            shop.work.keep_layer(layer.identity, record, path)
            made[layer.identity] = record
    return made


def _known(planned: Planned, shop: Workshop) -> Layer | None:
    """Return the layer if it lies in the work folder, and is what its record says."""
    layer = shop.work.find_layer(planned.identity)
    if layer is None:
        return None
    if digest_of_file(shop.work.layer(layer.digest)) == layer.digest:
        return layer
    shop.log(f"the layer of {planned.title} is damaged, and made again")
    return None


def _named(wheel: Wheel) -> dict[str, str]:
    return {"file": wheel.file, "digest": wheel.digest}


def _script(name: str) -> bytes:
    return (files("buildbot_ship.inside") / f"{name}.py").read_bytes()


def _recipe(tools: Tools) -> str:
    digest = hashlib.sha256(tools.image.encode())
    for name in _RECIPE:
        digest.update(_script(name))
    return digest.hexdigest()


def _needs(wheels: Sequence[Wheel], tools: Tools) -> Needs:
    needs = Needs(tools.minor, glibc=max((wheel.glibc for wheel in wheels), default=0))
    if all(wheel.pure for wheel in wheels):
        return needs
    return attrs.evolve(needs, abi=str(tools.facts["abi"]))
