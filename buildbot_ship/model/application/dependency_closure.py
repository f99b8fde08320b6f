"""The wheels that some requirements need, out of those that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ...errors import RequirementMissing
from ..artefact import Wheel, Wheelhouse


def close(
    requirements: Iterable[str],
    house: Wheelhouse,
    environment: Mapping[str, str],
    by: str,
) -> tuple[Wheel, ...]:
    """Return the wheels that *requirements* and what they require name, by name.

    Every package comes with the extras that the strict file pins.  *environment* are the
    variables of markers, as the base's interpreter has them, and *by* is who asks.  Raises
    RequirementMissing where no wheel, or one of another version, is there.
    """
    known = {wheel.name: wheel for wheel in house.wheels}
    found: dict[str, Wheel] = {}
    done: set[tuple[str, str]] = set()
    todo = [(Requirement(text), by) for text in requirements]
    while todo:
        requirement, asks = todo.pop()
        wheel = _match(requirement, known.get(canonicalize_name(requirement.name)), asks)
        found[wheel.name] = wheel
        extras = map(canonicalize_name, requirement.extras)
        for extra in {"", *extras, *house.extras.get(wheel.name, ())}:
            if (wheel.name, extra) not in done:
                done.add((wheel.name, extra))
                asks = f"{wheel.name}[{extra}]" if extra else wheel.name
                todo += [(more, asks) for more in _required(wheel, extra, environment)]
    return tuple(found[name] for name in sorted(found))


def with_extras(
    requirements: Sequence[str], house: Wheelhouse, environment: Mapping[str, str], by: str
) -> tuple[str, ...]:
    """Return *requirements* and, as more of them, the extras that `close` takes as well."""
    if not house.extras:
        return tuple(requirements)
    names = (wheel.name for wheel in close(requirements, house, environment, by))
    extras = ((name, house.extras.get(name)) for name in names)
    return (
        *requirements,
        *(f"{name}[{','.join(pinned)}]" for name, pinned in extras if pinned),
    )


def order_on_path(
    requirements: Iterable[str], wheels: Iterable[Wheel], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the names of *wheels*, which `close` found, as a zipapp has them on `sys.path`.

    pex takes the requirements in the order of their names, and each before what it requires.
    """
    known = {wheel.name: wheel for wheel in wheels}
    found: dict[str, None] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(text) for text in sorted(requirements, reverse=True)]
    while todo:
        requirement = todo.pop()
        wheel = known[canonicalize_name(requirement.name)]
        extras = frozenset(map(canonicalize_name, requirement.extras))
        if (wheel.name, extras) not in done:
            done.add((wheel.name, extras))
            found[wheel.name] = None
            for extra in (*sorted(extras, reverse=True), ""):
                todo += reversed(list(_required(wheel, extra, environment)))
    return tuple(found)


def _match(requirement: Requirement, wheel: Wheel | None, by: str) -> Wheel:
    if wheel is None:
        raise RequirementMissing(str(requirement), by, "is not in the wheelhouse")
    if not requirement.specifier.contains(wheel.version, prereleases=True):
        why = f"is in the wheelhouse in version {wheel.version} only"
        raise RequirementMissing(str(requirement), by, why)
    return wheel


def _required(
    wheel: Wheel, extra: str, environment: Mapping[str, str]
) -> Iterator[Requirement]:
    for text in wheel.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            raise RequirementMissing(text, wheel.name, "is not a requirement") from None
        marker = requirement.marker
        if marker is None or marker.evaluate({**environment, "extra": extra}):
            requirement.marker = None
            yield requirement
