"""Make a pex from the wheelhouse."""

from __future__ import annotations

from ..daemon.interface import JobFile
from ..model.artefact import Pex, Wheelhouse
from ..model.reference import Reference
from ..model.request import PexRequest
from ..model.result import SUCCESS, Result
from .wheelhouse import bring
from .workshop import Workshop


def pex(request: PexRequest, *, commit: str, shop: Workshop) -> Result:
    """Make the pex that *request* names, of the wheels as they were built.

    Raises OutputMissing when this commit has no wheelhouse, JobFailed when the wheels do
    not fit or the wheelhouse was tampered with.
    """
    house = shop.work.find(Wheelhouse, commit)
    bring(house, house.wheels, shop)
    tools = shop.tools(Reference.parse(house.base))
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
    shop.work.pex(request.name).chmod(0o755)
    record = Pex(commit, request.name, made["digest"], made["size"])
    shop.work.save(record)
    return Result(
        "pex",
        SUCCESS,
        f"{record.name}: {record.size / 1e6:.1f} MB, {record.digest[:19]}",
        properties={f"ship_pex_{record.name}": record.digest},
    )
