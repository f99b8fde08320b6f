"""Plan a wheelhouse: the files to fetch, and the wheels to build with their dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from packaging.utils import canonicalize_name, parse_wheel_filename

from ...errors import InvalidFile, Problem
from ..artefact import Wheel, distribution_file
from ..cache_key import key
from ..request import WheelsRequest
from ..requirements.build_lock import BuildLock, Section
from ..requirements.reader import HARDEN, Pin


@attrs.frozen
class WheelsPlan:
    """The pins to fetch, and the sections of the build lock for sdists and own packages."""

    request: WheelsRequest
    pins: tuple[Pin, ...]
    sections: tuple[Section, ...]

    def fetch_arguments(
        self, pins: Iterable[int], sections: Iterable[int], known: Iterable[str]
    ) -> dict[str, Any]:
        """Return the arguments of ``inside/jobs/fetch.py``, without the index.

        *pins* and *sections* are numbers; files whose sha256 is in *known* are not downloaded.
        """
        strict, lock = self.request.strict, self.request.build_lock
        return {
            "pins": [_placed(self.pins[number], strict) for number in pins],
            "known": sorted(known),
            "sections": {
                str(number): [_placed(pin, lock) for pin in self.sections[number].pins]
                for number in sections
            },
        }

    def file_key(self, number: int, base_key: str) -> str:
        """Return the cache key of the file that the index has for a pin, on a build base."""
        return key("file of a pin", base_key=base_key, pin=_pin(self.pins[number]))

    def key(self, base_key: str) -> str:
        """Return the cache key of the wheels of all pins, on a build base with *base_key*."""
        sdists = [[s.sdist_hash, section_text(s)] for s in self.sections if s.sdist_hash]
        pins = [_pin(pin) for pin in self.pins]
        return key("wheelhouse", base_key=base_key, pins=pins, sdists=sdists)

    def wheel_keys(self, base_key: str, trees: Mapping[str, str]) -> tuple[str, ...]:
        """Return the cache key of each section's wheel; *trees* identifies own packages."""
        return tuple(
            key(
                "wheel",
                base_key=base_key,
                source=section.sdist_hash or trees[section.source],
                folder=None if section.sdist_hash else section.source,
                section=section_text(section),
            )
            for section in self.sections
        )

    def repack_key(self, number: int, base_key: str) -> str:
        """Return the cache key of the repack record of an own package.

        It includes all sections that may be built together with it.
        """
        sections = [[s.sdist_hash, s.source, section_text(s)] for s in self.sections]
        source = self.sections[number].source
        return key("repack", base_key=base_key, folder=source, sections=sections)

    def own(self, number: int) -> bool:
        """Return whether a section is that of an own package."""
        return self.sections[number].sdist_hash is None


@attrs.frozen
class Missing:
    """The cache misses: the *sections* to build, by number, and whether *pins* must be fetched.

    *known* are the sha256 digests (hexadecimal) of files that are cached nevertheless.
    """

    sections: tuple[int, ...]
    pins: bool
    known: frozenset[str] = frozenset()


def index_wheel_key(digest: str) -> str:
    """Return the cache key of a wheel from the index with this sha256 (hexadecimal)."""
    return key("index-wheel", digest=digest, record="listing")


def pin_of(wheel: Wheel) -> dict[str, Any]:
    """Return the argument of ``inside/jobs/fetch.py`` that fetches this wheel by its hash."""
    name, version, _, _ = parse_wheel_filename(wheel.file)
    pin = Pin(name, str(version), (wheel.digest.partition(":")[2],), 1)
    return _placed(pin, wheel.file)


@attrs.frozen
class Fetched:
    """A file that was fetched for a pin; *digest* is its sha256 (hexadecimal)."""

    file: str = attrs.field(validator=distribution_file)
    digest: str


def decide(request: WheelsRequest, pins: tuple[Pin, ...], lock: BuildLock) -> WheelsPlan:
    """Return the plan.  Raises InvalidFile if an own package has no section."""
    hashes = {digest for pin in pins for digest in pin.hashes}
    problems = [
        Problem(request.build_lock, 1, f"there is no section for the package in {folder}")
        for folder in request.packages
        if lock.of_package(folder) is None
    ]
    if problems:
        hint = (
            "name it in the option packages of HardenRequirements (--package) too, and "
            + HARDEN
        )
        raise InvalidFile(tuple(problems), hint)
    sections = tuple(
        section
        for section in lock.sections
        if section.sdist_hash in hashes
        or (section.sdist_hash is None and section.source in request.packages)
    )
    return WheelsPlan(request, pins, sections)


@attrs.frozen
class Chosen:
    """The work to do: *wheels* to read, and the sections to build, in order.

    *of_pins* has for each pin the number of a section, or a Fetched wheel.
    """

    wheels: tuple[str, ...]
    built: tuple[int, ...]
    sources: Mapping[int, str]
    of_pins: tuple[int | Fetched, ...]


def choose(plan: WheelsPlan, missing: Missing, fetched: tuple[Fetched | None, ...]) -> Chosen:
    """Return the work to do after all pins are *fetched*.

    Raises InvalidFile for every sdist without a section in the build lock.
    """
    problems: list[Problem] = []
    of_pins: list[int | Fetched] = []
    sources = {}
    for pin, file in zip(plan.pins, fetched, strict=False):
        if file is None:
            continue
        if file.file.endswith(".whl"):
            of_pins.append(file)
            continue
        number = _position(plan, sdist_hash=file.digest)
        if number is None:
            text = f"{pin.name}=={pin.version} is an sdist, with no section in the build lock"
            problems.append(Problem(plan.request.strict, pin.line, text))
        else:
            of_pins.append(number)
            sources[number] = f"dists/{file.file}"
    if problems:
        raise InvalidFile(tuple(problems), HARDEN)
    for number in missing.sections:
        if plan.own(number):
            sources[number] = f"tree/{plan.sections[number].source}"
    wheels = (f for f in of_pins if isinstance(f, Fetched) and f.digest not in missing.known)
    built = tuple(number for number in missing.sections if number in sources)
    return Chosen(tuple(file.file for file in wheels), built, sources, tuple(of_pins))


def build_arguments(
    plan: WheelsPlan, chosen: Chosen, versions: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the arguments of ``inside/jobs/wheels.py``.

    *versions* are the fields that tell the build of a section about git.
    """
    built = [
        {
            "title": plan.sections[number].title,
            "source": chosen.sources[number],
            "section": f"sections/{number}.txt",
            "wheels": f"build/{number}",
            **versions[number],
        }
        for number in chosen.built
    ]
    return {"built": built, "wheels": list(chosen.wheels)}


def pinned_extras(pins: Iterable[Pin]) -> dict[str, tuple[str, ...]]:
    """Return the extras of *pins*, by package name."""
    return {
        pin.key: tuple(sorted(map(canonicalize_name, pin.extras))) for pin in pins if pin.extras
    }


def unknown_extras(
    pins: Iterable[Pin], wheels: Iterable[Wheel], strict: str
) -> tuple[str, ...]:
    """Return a warning for each extra in the *strict* file that the package lacks."""
    provided = {wheel.name: set(map(canonicalize_name, wheel.provides)) for wheel in wheels}
    return tuple(
        f"{strict}:{pin.line}: {pin.name} {pin.version} has no extra {extra}"
        for pin in pins
        for extra in pin.extras
        if canonicalize_name(extra) not in provided.get(pin.key, {canonicalize_name(extra)})
    )


def _position(plan: WheelsPlan, **wanted: str) -> int | None:
    for number, section in enumerate(plan.sections):
        if all(getattr(section, name) == value for name, value in wanted.items()):
            return number
    return None


def _pin(pin: Pin) -> dict[str, Any]:
    return {
        "name": pin.name,
        "version": pin.version,
        "hashes": list(pin.hashes),
        "marker": pin.marker,
    }


def _placed(pin: Pin, file: str) -> dict[str, Any]:
    return {**_pin(pin), "place": f"{file}:{pin.line}"}


def section_text(section: Section) -> str:
    """Return a section in pip's format, with hashes."""
    lines = []
    for pin in section.pins:
        extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
        marker = f" ; {pin.marker}" if pin.marker else ""
        hashes = "".join(f" --hash=sha256:{digest}" for digest in pin.hashes)
        lines.append(f"{pin.name}{extras}=={pin.version}{marker}{hashes}\n")
    return "".join(lines)
