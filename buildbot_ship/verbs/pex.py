"""Make a pex from the wheelhouse."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..model.application.closure import with_extras
from ..model.application.conflicts import bounded
from ..model.artefact import Pex, Wheelhouse
from ..model.cache import Blob, Entry
from ..model.key import key
from ..model.reference import Reference
from ..model.request import CONFLICTS_TEXT, PexRequest
from ..model.request.wire import CONVERTER, structure
from ..model.result import SUCCESS, Result, counted
from .conflicts import compare_zipapp
from .trees import make_layered
from .wheelhouse import as_arguments, as_inputs, bring
from .workshop import Ground, Workshop


def pex(request: PexRequest, *, commit: str, shop: Workshop) -> Result:
    """Make the pex that *request* names, of the wheels as they were built.

    Raises OutputMissing when this commit has no wheelhouse, RequirementMissing, JobFailed
    when the wheels do not fit or the wheelhouse was tampered with.
    """
    house = shop.work.find(Wheelhouse, commit)
    make = make_layered if request.layout == "layered" else _make_zipapp
    record, lines = make(request, house, shop)
    shop.work.pex(request.name).chmod(0o755)
    shop.work.save(record)
    return _result(record, lines, quiet=request.conflicts == "ignore")


def _make_zipapp(
    request: PexRequest, house: Wheelhouse, shop: Workshop
) -> tuple[Pex, tuple[str, ...]]:
    """Leave the file; return its record, and the lines about files that packages share."""
    facts = shop.facts(Ground(Reference.parse(house.base), house.ground))
    request = _with_extras(request, house, facts["environment"])
    lines = compare_zipapp(request, house, facts, shop)
    return _provide_zipapp(request, house, shop), lines


def _provide_zipapp(request: PexRequest, house: Wheelhouse, shop: Workshop) -> Pex:
    """Leave the file; return its record.  One that this worker's cache knows is not made."""
    asked = CONVERTER.unstructure(request)
    del asked["revision"], asked["conflicts"]
    wheels = [[wheel.file, wheel.digest] for wheel in house.wheels]
    name = key("pex", ground=house.ground, asked=asked, wheels=wheels)
    path = shop.work.pex(request.name)
    entry = shop.cache.find(name, shared=False)
    if entry is not None:
        path.unlink(missing_ok=True)
        if shop.cache.fetch(entry.blobs[0], path):
            return attrs.evolve(structure(entry.record, Pex, "pex"), commit=house.commit)
    record = _make(request, house, shop)
    blob = Blob(request.name, record.digest, record.size)
    entry = Entry(CONVERTER.unstructure(record), (blob,))
    shop.cache.keep(name, entry, {blob.digest: path}, shared=False)
    return record


def _with_extras(
    request: PexRequest, house: Wheelhouse, environment: Mapping[str, str]
) -> PexRequest:
    """Return *request* with the extras that the strict file pins, if it pins any."""
    if not house.extras:
        return request
    wanted = with_extras(request.requirements, house, environment, request.name)
    return attrs.evolve(request, requirements=wanted)


def _make(request: PexRequest, house: Wheelhouse, shop: Workshop) -> Pex:
    """Make the file; return its record."""
    bring(house, house.wheels, shop)
    tools = shop.tools(Reference.parse(house.base))
    arguments = {
        "name": request.name,
        "requirements": list(request.requirements),
        "module": request.module,
        "script": request.script,
        "shebang": f"#!/usr/bin/env python{tools.minor}",
        "wheels": as_arguments(house.wheels),
    }
    inputs = as_inputs(house.wheels, shop.work)
    with shop.work.scratch() as scratch:
        made = shop.run("pex", tools.image, arguments, scratch / "made", inputs)
        shop.work.replace(scratch / "made" / request.name, shop.work.pex(request.name))
    # Imported late: a layered pex, as most are, does not come here.
    from ..model.image.binaries import read_binaries  # noqa: PLC0415

    binaries = read_binaries(made["elf"])
    return Pex(house.commit, request.name, made["digest"], made["size"], binaries=binaries)


def _result(record: Pex, lines: tuple[str, ...], *, quiet: bool) -> Result:
    size = (record.size + sum(layer.size for layer in record.layers)) / 1e6
    spread = f" in {counted(len(record.layers), 'layer')}" if record.layers else ""
    return Result(
        "pex",
        SUCCESS,
        f"{record.name}: {size:.1f} MB{spread}, {record.whole[:19]}",
        properties={f"ship_pex_{record.name}": record.whole},
        texts={CONFLICTS_TEXT: "".join(f"{line}\n" for line in lines)} if lines else {},
        warnings=() if quiet else bounded(lines),
    )
