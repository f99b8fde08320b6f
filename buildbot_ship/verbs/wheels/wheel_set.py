"""The wheels of a plan that are available, and those that are missing."""

from __future__ import annotations

import attrs

from ...model.application.wheel_plan import Missing, WheelsPlan
from ...model.artefact import Wheel


@attrs.frozen
class WheelSet:
    """The wheels of a plan that are available so far.

    *pins* are the wheels of the strict file, None while one is missing.  *sections* are the
    built wheels by section of the build lock.  *tools* is the tools image, if wheels were
    built.  *repacked* are the sections that needed no build.  *built* and *downloaded* are the
    numbers of wheels that were made now.  *warnings* are about downloads.
    """

    plan: WheelsPlan
    pins: tuple[Wheel, ...] | None
    sections: dict[int, Wheel]
    tools: str = ""
    repacked: tuple[int, ...] = ()
    built: int = 0
    downloaded: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def missing(self) -> Missing | None:
        """Return the wheels that are missing; None if the set is complete."""
        missing = tuple(
            number
            for number in range(len(self.plan.sections))
            if number not in self.sections and (self.plan.own(number) or self.pins is None)
        )
        return Missing(missing, self.pins is None) if missing or self.pins is None else None

    def wheels(self) -> tuple[Wheel, ...]:
        """Return all wheels, sorted by file name."""
        own = [wheel for number, wheel in self.sections.items() if self.plan.own(number)]
        by_file = {wheel.file: wheel for wheel in (*(self.pins or ()), *own)}
        return tuple(wheel for _, wheel in sorted(by_file.items()))
