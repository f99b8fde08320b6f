"""What steps have in common that are told what other steps are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ...errors import InvalidRequest
from ...model.request import Request
from .option_check import faults, is_renderable, make
from .step import ShipStep

_Options = Mapping[str, Any]


class ChainStep(ShipStep):
    """A step about others: *parts* has the steps whose options each of its own takes.

    The options of *single* are what one step is given, each of the others a list of that.
    """

    parts: ClassVar[Mapping[str, type[ShipStep]]]
    single: ClassVar[tuple[str, ...]] = ("wheels",)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        for option, step in self.parts.items():
            value = getattr(self, option)
            if value is None and option in self.single:
                continue
            if is_renderable(value) and not isinstance(value, (Mapping, list, tuple)):
                continue
            if not _has_form(value, several=option not in self.single):
                yield f"{option}: {value!r} is not what {step.__name__} is given"
                continue
            for given in self._each(option):
                yield from (f"{option}: {fault}" for fault in _faults(step, given))

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        made = {
            option: tuple(_made(step, given) for given in self._each(option))
            for option, step in self.parts.items()
        }
        single = {option: made[option][0] if made[option] else None for option in self.single}
        return {**made, **single}

    def _each(self, option: str) -> Sequence[_Options]:
        value: Any = getattr(self, option)
        if option not in self.single:
            several: Sequence[_Options] = value
            return several
        return () if value is None else [value]


def _has_form(value: object, *, several: bool) -> bool:
    if not several:
        return isinstance(value, Mapping)
    return isinstance(value, (list, tuple)) and all(isinstance(v, Mapping) for v in value)


def _faults(step: type[ShipStep], given: _Options) -> Iterator[str]:
    unknown = [name for name in given if name not in step.own_options]
    if unknown:
        yield f"{unknown[0]} is not an option of {step.__name__}"
        return
    names = {field: option for option, field in step.field_names.items()}
    wrong = list(faults(step.request_type, _by_field(step, given), names))
    if not wrong and not is_renderable(given):
        try:
            _made(step, given)
        except InvalidRequest as error:
            wrong = [f"{error.what}: {error.why}"]
    yield from wrong


def _by_field(step: type[ShipStep], given: _Options) -> dict[str, object]:
    return {step.field_names.get(name, name): value for name, value in given.items()}


def _made(step: type[ShipStep], given: _Options) -> Request:
    return make(step.request_type, _by_field(step, given))
