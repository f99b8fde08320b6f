"""Compute the dependency closure of requirements over the wheels of a wheelhouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ...errors import RequirementMissing
from ..artefact import Package, Wheel, Wheelhouse
from ..requirement import parse_requirement


@attrs.frozen
class Closure:
    """The *wheels* of a dependency closure, sorted by name, and what each *requires*."""

    wheels: tuple[Wheel, ...]
    requires: Mapping[str, Iterable[str]]

    @property
    def packages(self) -> dict[str, Package]:
        """Return version and requirements of each package, by name."""
        return {
            wheel.name: Package(wheel.version, tuple(sorted(self.requires[wheel.name])))
            for wheel in self.wheels
        }


def find_closure(
    requirements: Iterable[str],
    wheelhouse: Wheelhouse,
    environment: Mapping[str, str],
    required_by: str,
) -> Closure:
    """Return the dependency closure of *requirements*.

    Every package has the extras that the strict file pins.  *environment* has the marker
    variables of the base's interpreter.  *required_by* names the requiring pex in messages.

    Raises RequirementMissing if the wheelhouse has no wheel, or one of another version.
    """
    by_name = {wheel.name: wheel for wheel in wheelhouse.wheels}
    found: dict[str, Wheel] = {}
    requires: dict[str, set[str]] = {}
    done: set[tuple[str, str]] = set()
    todo = [(Requirement(text), required_by) for text in requirements]
    while todo:
        requirement, required_by = todo.pop()
        candidate = by_name.get(canonicalize_name(requirement.name))
        wheel = _match(requirement, candidate, required_by)
        found[wheel.name] = wheel
        mine = requires.setdefault(wheel.name, set())
        extras = map(canonicalize_name, requirement.extras)
        for extra in {"", *extras, *wheelhouse.extras.get(wheel.name, ())}:
            if (wheel.name, extra) not in done:
                done.add((wheel.name, extra))
                name = f"{wheel.name}[{extra}]" if extra else wheel.name
                required = list(_required(wheel, extra, environment))
                mine |= {canonicalize_name(more.name) for more in required} - {wheel.name}
                todo += [(more, name) for more in required]
    return Closure(tuple(found[name] for name in sorted(found)), requires)


def with_extras(
    requirements: Sequence[str],
    wheelhouse: Wheelhouse,
    environment: Mapping[str, str],
    required_by: str,
) -> tuple[str, ...]:
    """Return *requirements*, plus the pinned extras of their closure as requirements."""
    if not wheelhouse.extras:
        return tuple(requirements)
    closure = find_closure(requirements, wheelhouse, environment, required_by)
    extras = ((wheel.name, wheelhouse.extras.get(wheel.name)) for wheel in closure.wheels)
    return (
        *requirements,
        *(f"{name}[{','.join(pinned)}]" for name, pinned in extras if pinned),
    )


def order_on_path(
    requirements: Iterable[str], wheels: Iterable[Wheel], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the names of the *wheels* of a closure in the order of `sys.path` in a zipapp.

    pex adds the requirements in the order of their names, each before its own requirements.
    """
    by_name = {wheel.name: wheel for wheel in wheels}
    found: dict[str, None] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(text) for text in sorted(requirements, reverse=True)]
    while todo:
        requirement = todo.pop()
        wheel = by_name[canonicalize_name(requirement.name)]
        extras = frozenset(map(canonicalize_name, requirement.extras))
        if (wheel.name, extras) not in done:
            done.add((wheel.name, extras))
            found[wheel.name] = None
            for extra in (*sorted(extras, reverse=True), ""):
                todo += reversed(list(_required(wheel, extra, environment)))
    return tuple(found)


def _match(requirement: Requirement, wheel: Wheel | None, required_by: str) -> Wheel:
    if wheel is None:
        raise RequirementMissing(str(requirement), required_by, "is not in the wheelhouse")
    if not requirement.specifier.contains(wheel.version, prereleases=True):
        why = f"is in the wheelhouse in version {wheel.version} only"
        raise RequirementMissing(str(requirement), required_by, why)
    return wheel


def _required(
    wheel: Wheel, extra: str, environment: Mapping[str, str]
) -> Iterator[Requirement]:
    for text in wheel.requires:
        try:
            requirement = parse_requirement(text)
        except ValueError:
            raise RequirementMissing(text, wheel.name, "is not a requirement") from None
        marker = requirement.marker
        try:
            applies = marker is None or marker.evaluate({**environment, "extra": extra})
        except (ValueError, LookupError, RecursionError):
            why = "has a marker that cannot be evaluated"
            raise RequirementMissing(text, wheel.name, why) from None
        if applies:
            requirement.marker = None
            yield requirement
