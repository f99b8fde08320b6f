"""What making a wheelhouse takes: which files are fetched, and which are built with what."""

from __future__ import annotations

from typing import Any

import attrs

from ..errors import InvalidFile, Problem
from .buildlock import BuildLock, Section
from .request import WheelsRequest
from .requirements import HARDEN, Pin


@attrs.frozen
class WheelsPlan:
    """The pins to fetch, the sections of the build lock they may need, own packages."""

    request: WheelsRequest
    pins: tuple[Pin, ...]
    sections: tuple[Section, ...]

    def fetch_arguments(self) -> dict[str, Any]:
        """Return the arguments of ``inside/fetch.py``, but for its index."""
        strict, lock = self.request.strict, self.request.build_lock
        return {
            "pins": [_pin(pin, strict) for pin in self.pins],
            "sections": [[_pin(pin, lock) for pin in s.pins] for s in self.sections],
        }


@attrs.frozen
class Fetched:
    """A file that was fetched for a pin; *digest* is its sha256 in hexadecimal."""

    file: str
    digest: str


def decide(request: WheelsRequest, pins: tuple[Pin, ...], lock: BuildLock) -> WheelsPlan:
    """Return the plan.  Raises InvalidFile when an own package has no section."""
    hashes = {digest for pin in pins for digest in pin.hashes}
    problems = [
        Problem(request.build_lock, 1, f"there is no section for the package in {folder}")
        for folder in request.packages
        if lock.of_package(folder) is None
    ]
    if problems:
        raise InvalidFile(tuple(problems), HARDEN)
    sections = tuple(
        section
        for section in lock.sections
        if section.sdist_hash in hashes
        or (section.sdist_hash is None and section.source in request.packages)
    )
    return WheelsPlan(request, pins, sections)


def build_arguments(plan: WheelsPlan, fetched: tuple[Fetched | None, ...]) -> dict[str, Any]:
    """Return the arguments of ``inside/wheels.py``, once it is known what was fetched.

    Raises InvalidFile for every sdist that the build lock has no section for.
    """
    problems, built, wheels = [], [], []
    for pin, file in zip(plan.pins, fetched, strict=True):
        if file is None:
            continue
        if file.file.endswith(".whl"):
            wheels.append(file.file)
            continue
        number = _position(plan, sdist_hash=file.digest)
        if number is None:
            text = f"{pin.name}=={pin.version} is an sdist, with no section in the build lock"
            problems.append(Problem(plan.request.strict, pin.line, text))
        else:
            built.append(_entry(plan.sections[number], number, f"dists/{file.file}"))
    if problems:
        raise InvalidFile(tuple(problems), HARDEN)
    for folder in plan.request.packages:
        number = _position(plan, source=folder)
        assert number is not None  # noqa: S101  # decide() saw to it
        built.append(_entry(plan.sections[number], number, f"tree/{folder}"))
    return {"built": built, "wheels": wheels}


def _position(plan: WheelsPlan, **wanted: str) -> int | None:
    for number, section in enumerate(plan.sections):
        if all(getattr(section, name) == value for name, value in wanted.items()):
            return number
    return None


def _entry(section: Section, number: int, source: str) -> dict[str, str]:
    return {
        "title": section.title,
        "source": source,
        "section": f"sections/{number}.txt",
        "wheels": f"build/{number}",
    }


def _pin(pin: Pin, file: str) -> dict[str, Any]:
    return {
        "name": pin.name,
        "version": pin.version,
        "hashes": list(pin.hashes),
        "marker": pin.marker,
        "place": f"{file}:{pin.line}",
    }


def section_text(section: Section) -> str:
    """Return a section as pip reads it, hashes and all."""
    lines = []
    for pin in section.pins:
        extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
        marker = f" ; {pin.marker}" if pin.marker else ""
        hashes = "".join(f" --hash=sha256:{digest}" for digest in pin.hashes)
        lines.append(f"{pin.name}{extras}=={pin.version}{marker}{hashes}\n")
    return "".join(lines)
