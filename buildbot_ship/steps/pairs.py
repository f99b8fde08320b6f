"""Steps of which one option pairs texts: what comes from where, and whose it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from .options import faults, is_renderable
from .ship import ShipStep


class PairsStep(ShipStep):
    """A step whose option *pairs_option* maps the first field of *pair_type* to its second.

    It may also be a list of pairs, where the first of one is a renderable.
    """

    pairs_option: ClassVar[str]
    pairs_about: ClassVar[str]
    pair_type: ClassVar[type[Any]]

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        wrong = list(self._pair_faults())
        yield from wrong or super().request_faults()

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        values = super().request_values()
        given = getattr(self, self.pairs_option)
        if not is_renderable(given):
            made = tuple(self.pair_type(*pair) for pair in _pairs(given))
            values[self.field_names.get(self.pairs_option, self.pairs_option)] = made
        return values

    def _pair_faults(self) -> Iterator[str]:
        option = self.pairs_option
        given = getattr(self, option)
        if is_renderable(given):
            return
        if not _is_mapping(given):
            yield f"{option}: {given!r} does not map {self.pairs_about}"
            return
        names = {"source": option, "destination": option}
        for source, destination in _pairs(given):
            values = {"source": source, "destination": destination}
            yield from faults(self.pair_type, values, names)


def _pairs(given: Any) -> list[Any]:
    return list(given.items() if isinstance(given, Mapping) else given)


def _is_mapping(given: object) -> bool:
    pairs = (list, tuple)
    return isinstance(given, Mapping) or (
        isinstance(given, pairs)
        and all(isinstance(pair, pairs) and len(pair) == 2 for pair in given)
    )
