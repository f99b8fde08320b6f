"""Make the wheelhouse of a commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..daemon.interface import JobFile
from ..model.artefact import Wheel, Wheelhouse
from ..model.buildlock import BuildLock, parse_build_lock
from ..model.dockerfile import base_of
from ..model.request import WheelsRequest
from ..model.requirements import parse_strict
from ..model.result import SUCCESS, Result
from ..model.text import decode
from ..model.wheels import Fetched, WheelsPlan, build_arguments, decide, section_text
from ..model.wire import structure
from ..source.interface import Files, Tree, read_text, required
from .workshop import Workshop


def wheels(request: WheelsRequest, *, tree: Tree, shop: Workshop) -> Result:
    """Fetch what the strict file pins, build what is not a wheel, and keep all of it.

    Fetching has the network and runs nothing; building runs other people's code and has
    neither network nor secrets nor the socket.
    """
    plan = decide(request, *_read(request, tree))
    tools = shop.tools(base_of(required(tree, request.dockerfile), request.dockerfile))
    with shop.work.scratch() as scratch:
        fetched = _fetch(plan, tools.image, shop, scratch / "fetched")
        arguments = build_arguments(plan, fetched)
        inputs = _inputs(plan, tree, scratch)
        made = shop.run("wheels", tools.image, arguments, scratch / "built", inputs)
        shop.work.replace(scratch / "built" / "wheelhouse", shop.work.wheelhouse)
    house = structure(
        {"commit": tree.commit, "base": tools.base, "tools": tools.image, **made},
        Wheelhouse,
        "wheels",
    )
    shop.work.save(house)
    return _result(house.wheels)


def _read(request: WheelsRequest, tree: Tree) -> tuple[Any, BuildLock]:
    strict = decode(required(tree, request.strict), request.strict)
    pins = parse_strict(strict, request.strict)
    lock = read_text(tree, request.build_lock)
    return pins, parse_build_lock(lock, request.build_lock) if lock else BuildLock()


def _fetch(
    plan: WheelsPlan, image: str, shop: Workshop, out: Path
) -> tuple[Fetched | None, ...]:
    result = shop.run("fetch", image, plan.fetch_arguments(), out, network=True)
    return structure(result["files"], tuple[Fetched | None, ...], "fetched")


def _inputs(plan: WheelsPlan, tree: Tree, scratch: Path) -> tuple[JobFile, ...]:
    """Return what was fetched, the sections, and the own packages, by path for the job."""
    fetched = scratch / "fetched"
    inputs = [
        JobFile(path.relative_to(fetched).as_posix(), path)
        for path in sorted(fetched.rglob("*"))
        if path.is_file()
    ]
    for number, section in enumerate(plan.sections):
        inputs.append(JobFile(f"sections/{number}.txt", section_text(section).encode()))
        inputs.append(JobFile(f"build/{number}/.here", b""))
    for folder in plan.request.packages:
        inputs += export(tree, folder, scratch)
    return tuple(inputs)


def export(tree: Files, folder: str, scratch: Path) -> list[JobFile]:
    """Write the files of *folder* to *scratch*; return them for a job, under ``tree/``."""
    found: list[JobFile] = []
    for path, file in tree.files(folder):
        spooled = scratch / f"tree-{len(found)}-{folder.replace('/', '-')}"
        spooled.write_bytes(file.data)
        found.append(JobFile(f"tree/{folder}/{path}", spooled, file.executable))
    return found


def _result(found: tuple[Wheel, ...]) -> Result:
    built = [wheel.file for wheel in found if wheel.built]
    size = sum(wheel.size for wheel in found)
    return Result(
        "wheels",
        SUCCESS,
        f"{len(found)} wheels, {len(built)} of them built, {size / 1e6:.1f} MB",
        texts={"wheels.txt": "".join(f"{wheel.digest}  {wheel.file}\n" for wheel in found)},
    )
