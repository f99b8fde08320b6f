"""Assign the wheels of a layered pex to layers: the largest lowest, own packages on top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from ..artefact import Wheel
from ..cache_key import key

PREFIX = "/opt/ship"
"""The prefix in every image, so that several pexes can share a layer."""
ALONE = 256 * 1024
"""Minimum size in bytes of a wheel with its own layer, within the budget."""
BUDGET = 6
"""Maximum number of layers for third-party wheels in a pex."""

_NAMED = 3


@attrs.frozen
class PlannedLayer:
    """A layer of *wheels*, with its cache *key*.

    *left_out* are the paths to skip, by package name.
    """

    key: str
    title: str
    wheels: tuple[Wheel, ...]
    left_out: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def plan_layers(
    wheels: Iterable[Wheel],
    base_key: str,
    left_out: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[PlannedLayer, ...]:
    """Return the layers of *wheels*, the lowest first.

    The largest third-party wheels come first, each in its own layer.  Then one layer has the
    other third-party wheels, and the last layer has the own packages.  *base_key* is the key of
    the build base: image, scripts and tools.  The *left_out* paths of a package are part of the
    cache key of its layer only.
    """
    wheels = list(wheels)
    others = sorted((w for w in wheels if not w.own), key=lambda w: (-w.size, w.file))
    large = [wheel for wheel in others if wheel.size >= ALONE]
    all_alone = len(large) == len(others) <= BUDGET
    large = large[: BUDGET if all_alone else BUDGET - 1]
    small = [wheel for wheel in others if wheel not in large]
    groups = [*([wheel] for wheel in large), small, [w for w in wheels if w.own]]
    return tuple(_planned_layer(group, base_key, left_out or {}) for group in groups if group)


def _planned_layer(
    group: Sequence[Wheel], base_key: str, left_out: Mapping[str, tuple[str, ...]]
) -> PlannedLayer:
    ordered = tuple(sorted(group, key=lambda wheel: wheel.file))
    inputs = [[wheel.file, wheel.digest] for wheel in ordered]
    skipped = {wheel.name: left_out[wheel.name] for wheel in ordered if wheel.name in left_out}
    more_inputs = {"left_out": skipped} if skipped else {}
    name = key("layer", base_key=base_key, prefix=PREFIX, wheels=inputs, **more_inputs)
    title = ", ".join(wheel.title for wheel in ordered[:_NAMED])
    more = len(ordered) - _NAMED
    title = f"{title} and {more} more" if more > 0 else title
    return PlannedLayer(name, title, ordered, skipped)
