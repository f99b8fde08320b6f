"""Make a pex from the wheelhouse."""

from __future__ import annotations

from ..daemon.interface import JobFile
from ..model.artefact import Pex, Wheelhouse
from ..model.reference import Reference
from ..model.request import PexRequest
from ..model.result import SUCCESS, Result
from .trees import make_layered
from .workshop import Tools, Workshop


def pex(request: PexRequest, *, commit: str, shop: Workshop) -> Result:
    """Make the pex that *request* names, of the wheels as they were built.

    Raises OutputMissing when this commit has no wheelhouse, RequirementMissing, JobFailed
    when the wheels do not fit or the wheelhouse was tampered with.
    """
    house = shop.work.find(Wheelhouse, commit)
    tools = shop.tools(Reference.parse(house.base))
    make = make_layered if request.layout == "layered" else _make_zipapp
    record = make(request, house, tools, shop)
    shop.work.pex(request.name).chmod(0o755)
    shop.work.save(record)
    return _result(record)


def _make_zipapp(request: PexRequest, house: Wheelhouse, tools: Tools, shop: Workshop) -> Pex:
    arguments = {
        "name": request.name,
        "requirements": list(request.requirements),
        "module": request.module,
        "script": request.script,
        "shebang": f"#!/usr/bin/env python{tools.minor}",
        "wheels": [{"file": wheel.file, "digest": wheel.digest} for wheel in house.wheels],
    }
    inputs = tuple(
        JobFile(f"wheelhouse/{wheel.file}", shop.work.wheelhouse / wheel.file)
        for wheel in house.wheels
    )
    with shop.work.scratch() as scratch:
        made = shop.run("pex", tools.image, arguments, scratch / "made", inputs)
        shop.work.replace(scratch / "made" / request.name, shop.work.pex(request.name))
    return Pex(house.commit, request.name, made["digest"], made["size"])


def _result(record: Pex) -> Result:
    count = len(record.layers)
    size = (record.size + sum(layer.size for layer in record.layers)) / 1e6
    spread = f" in {count} layer{'' if count == 1 else 's'}" if count else ""
    return Result(
        "pex",
        SUCCESS,
        f"{record.name}: {size:.1f} MB{spread}, {record.whole[:19]}",
        properties={f"ship_pex_{record.name}": record.whole},
    )
