"""How the wheels of a layered pex are spread over layers: what changes seldom lies below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from ..artefact import Wheel
from ..cache_key import key

PREFIX = "/opt/ship"
"""Where the trees lie, in every image: a layer is the same whatever pex it belongs to."""
ALONE = 256 * 1024
"""Bytes from which on a wheel has a layer of its own, where the budget allows it."""
BUDGET = 6
"""Layers of third parties that a pex has at most."""

_NAMED = 3


@attrs.frozen
class Planned:
    """A layer to make of *wheels*, and the key of all that it depends on.

    *left_out* are the paths that a package does not get, by its name.
    """

    key: str
    title: str
    wheels: tuple[Wheel, ...]
    left_out: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def plan(
    wheels: Iterable[Wheel],
    base_key: str,
    left_out: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Planned, ...]:
    """Return the layers of *wheels*, the lowest first.

    The largest wheels of others come first, each alone; then all small ones together, and
    own ones last.  *base_key* is the key of all but the wheels that decides about bytes: the
    base, the scripts and their tools.  What is *left_out* of a package, by its name, is part of
    the key of its layer, and of no other.
    """
    wheels = list(wheels)
    others = sorted((w for w in wheels if not w.own), key=lambda w: (-w.size, w.file))
    large = [wheel for wheel in others if wheel.size >= ALONE]
    all_alone = len(large) == len(others) <= BUDGET
    large = large[: BUDGET if all_alone else BUDGET - 1]
    small = [wheel for wheel in others if wheel not in large]
    groups = [*([wheel] for wheel in large), small, [w for w in wheels if w.own]]
    return tuple(_planned(group, base_key, left_out or {}) for group in groups if group)


def _planned(
    group: Sequence[Wheel], base_key: str, left_out: Mapping[str, tuple[str, ...]]
) -> Planned:
    ordered = tuple(sorted(group, key=lambda wheel: wheel.file))
    inputs = [[wheel.file, wheel.digest] for wheel in ordered]
    lost = {wheel.name: left_out[wheel.name] for wheel in ordered if wheel.name in left_out}
    more_inputs = {"left_out": lost} if lost else {}
    name = key("layer", base_key=base_key, prefix=PREFIX, wheels=inputs, **more_inputs)
    title = ", ".join(wheel.title for wheel in ordered[:_NAMED])
    more = len(ordered) - _NAMED
    title = f"{title} and {more} more" if more > 0 else title
    return Planned(name, title, ordered, lost)
