"""The result of ``inside/jobs/wheels.py``, compared with what it was asked for.

Build backends run in the same container, so they can change its files and its result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ...errors import JobFailed
from ...model.application.wheel_plan import Chosen, Fetched
from ...model.artefact import Wheel
from ...model.request.wire import structure
from .repack import TraceReport

_JOB = "wheels"
_HINT = (
    "find out which sdist or own package changes files outside of its build folder: the step's "
    "log has the order of the builds"
)


@attrs.frozen
class _Report:
    """The report on one wheel; *trace* is that of ``unread_files.py``, for an own package."""

    file: str
    trace: TraceReport | None


@attrs.frozen
class _Reports:
    wheels: tuple[Wheel, ...]
    built: tuple[_Report, ...]
    zlib: str


@attrs.frozen
class BuildResult:
    """All new *wheels*; and in the order of `Chosen.built`, the wheels that were built."""

    wheels: tuple[Wheel, ...]
    built: tuple[tuple[Wheel, TraceReport | None], ...]
    zlib: str

    @classmethod
    def read(cls, result: Mapping[str, Any], chosen: Chosen, strict: str) -> BuildResult:
        """Read the *result* of a job that was given *chosen*, for pins of the file *strict*.

        Raises JobFailed if a downloaded wheel is another one, or if a built one is missing.
        """
        reports = structure(result, _Reports, "result")
        by_file = {wheel.file: wheel for wheel in reports.wheels}
        for pin in chosen.of_pins:
            if isinstance(pin, Fetched) and pin.file in chosen.wheels:
                wheel = by_file.get(pin.file)
                if wheel is None or wheel.built or wheel.digest != f"sha256:{pin.digest}":
                    why = f"{pin.file} is not the wheel that {strict} pins: a build changed it"
                    raise JobFailed(_JOB, why, _HINT)
        built = [(by_file.get(one.file), one.trace) for one in reports.built]
        complete = tuple((wheel, trace) for wheel, trace in built if wheel is not None)
        if len(complete) != len(chosen.built):
            count = f"{len(complete)} of {len(chosen.built)}"
            raise JobFailed(_JOB, f"the container returned {count} built wheels", _HINT)
        return cls(reports.wheels, complete, reports.zlib)
