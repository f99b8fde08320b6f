"""The wheelhouse in the work folder: what lies there, and what is brought when it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ...daemon.interface import JobFile
from ...errors import OutputMissing
from ...model.application.wheel_plan import pin_of
from ...model.artefact import Wheel, Wheelhouse
from ...model.cache import Blob
from ...model.reference import Reference
from ...model.result import counted
from ...store.work_folder import Work
from .job_runner import JobRunner
from .tools_image import MAKING


def place(wheelhouse: Wheelhouse, scratch: Path, made: Iterable[str], work: Work) -> None:
    """Put what was *made*, in folders of *scratch*, in the work folder's wheelhouse.

    What lies there already, and is of use, stays.
    """
    folders = [*(scratch / name for name in made), work.wheelhouse]
    folder = scratch / "wheelhouse"
    folder.mkdir()
    for wheel in wheelhouse.wheels:
        for there in folders:
            with suppress(FileNotFoundError):
                os.link(there / wheel.file, folder / wheel.file)
                break
    work.replace(folder, work.wheelhouse)


def bring(wheelhouse: Wheelhouse, wheels: Iterable[Wheel], runner: JobRunner) -> None:
    """See that *wheels* of *wheelhouse* lie in the work folder, every byte verified.

    One that is not there comes out of a cache, or from the index by its hash.  Raises
    OutputMissing when a wheel that was built is in no cache any more.
    """
    lost = [wheel for wheel in wheels if not _is_there(wheel, runner)]
    for wheel in lost:
        if wheel.built:
            raise OutputMissing(f"wheel {wheel.file}", "BuildWheels")
    if lost:
        runner.log(f"fetching {counted(len(lost), 'wheel')} again, by their hashes")
        _fetch(wheelhouse, lost, runner)


def as_inputs(wheels: Iterable[Wheel], work: Work) -> tuple[JobFile, ...]:
    """Return *wheels*, which lie in the work folder, for a job's ``wheelhouse/``."""
    files = [wheel.file for wheel in wheels]
    return tuple(JobFile(f"wheelhouse/{file}", work.wheelhouse / file) for file in files)


def as_arguments(wheels: Iterable[Wheel]) -> list[dict[str, str]]:
    """Return *wheels* as a job verifies them."""
    return [{"file": wheel.file, "digest": wheel.digest} for wheel in wheels]


def _is_there(wheel: Wheel, runner: JobRunner) -> bool:
    blob = Blob(wheel.file, wheel.digest, wheel.size)
    return runner.bring(blob, runner.work.wheelhouse / wheel.file)


def _fetch(wheelhouse: Wheelhouse, wheels: list[Wheel], runner: JobRunner) -> None:
    tools = runner.tools(Reference.parse(wheelhouse.base), MAKING)
    arguments = {"pins": [pin_of(wheel) for wheel in wheels], "known": [], "sections": {}}
    with runner.work.scratch() as scratch:
        runner.run("fetch", tools.image, arguments, scratch / "fetched", network=True)
        for wheel in wheels:
            made = scratch / "fetched" / "dists" / wheel.file
            os.replace(made, runner.work.wheelhouse / wheel.file)
