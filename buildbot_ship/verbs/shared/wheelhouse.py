"""The wheelhouse in the work folder: save wheels, restore missing ones, pass them to jobs."""

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
from .job_result import reading_result
from .job_runner import JobRunner
from .tools_image import BUILD_TOOLS


def update_wheelhouse(
    wheelhouse: Wheelhouse, new_wheels: Iterable[Path], scratch: Path, work: Work
) -> None:
    """Make the wheelhouse in *work* hold the wheels of *wheelhouse*, and no others.

    They are taken from the folders *new_wheels*, or else from the current wheelhouse.  Wheels
    that are in neither stay missing until `ensure_wheels`.
    """
    sources = [*new_wheels, work.wheelhouse]
    folder = scratch / "wheelhouse"
    folder.mkdir()
    for wheel in wheelhouse.wheels:
        for source in sources:
            with suppress(FileNotFoundError):
                os.link(source / wheel.file, folder / wheel.file)
                break
    work.replace(folder, work.wheelhouse)


def ensure_wheels(wheelhouse: Wheelhouse, wheels: Iterable[Wheel], runner: JobRunner) -> None:
    """Make sure that *wheels* of *wheelhouse* are in the work folder, with the right digest.

    A missing wheel comes from a cache, or from the package index by its hash.  Raises
    OutputMissing if no cache has a wheel that was built.
    """
    missing = [wheel for wheel in wheels if not _ensure_wheel(wheel, runner)]
    for wheel in missing:
        if wheel.built:
            raise OutputMissing(f"wheel {wheel.file}", "BuildWheels")
    if missing:
        runner.log(f"downloading {counted(len(missing), 'wheel')} again by hash")
        _download(wheelhouse, missing, runner)


def wheel_inputs(wheels: Iterable[Wheel], work: Work) -> tuple[JobFile, ...]:
    """Return *wheels* of the work folder as input files of a job, below ``wheelhouse/``."""
    files = [wheel.file for wheel in wheels]
    return tuple(JobFile(f"wheelhouse/{file}", work.wheelhouse / file) for file in files)


def wheel_arguments(wheels: Iterable[Wheel]) -> list[dict[str, str]]:
    """Return *wheels* as an argument of a job, which verifies their digests."""
    return [{"file": wheel.file, "digest": wheel.digest} for wheel in wheels]


def _ensure_wheel(wheel: Wheel, runner: JobRunner) -> bool:
    blob = Blob(wheel.file, wheel.digest, wheel.size)
    return runner.ensure_blob(blob, runner.work.wheelhouse / wheel.file)


def _download(wheelhouse: Wheelhouse, wheels: list[Wheel], runner: JobRunner) -> None:
    tools = runner.tools(Reference.parse(wheelhouse.base), BUILD_TOOLS)
    arguments = {"pins": [pin_of(wheel) for wheel in wheels], "known": [], "sections": {}}
    with runner.work.scratch() as scratch:
        runner.run("fetch", tools.image, arguments, scratch / "fetched", network=True)
        for wheel in wheels:
            downloaded = scratch / "fetched" / "dists" / wheel.file
            with reading_result("fetch"):
                os.replace(downloaded, runner.work.wheelhouse / wheel.file)
