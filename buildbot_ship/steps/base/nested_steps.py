"""`NestedOptionsStep`: the base class of steps that take the options of other steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ...errors import InvalidRequest
from ...model.request import Request
from .option_check import faults, is_renderable, make
from .step import ShipStep

_Options = Mapping[str, Any]


class NestedOptionsStep(ShipStep):
    """A step whose options each hold the options of another step.

    *nested_steps* maps each option to that step.  An option in *single_options* holds one
    mapping of options; any other holds a list of such mappings.
    """

    nested_steps: ClassVar[Mapping[str, type[ShipStep]]]
    single_options: ClassVar[tuple[str, ...]] = ("wheels",)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        for option, step in self.nested_steps.items():
            value = getattr(self, option)
            if value is None and option in self.single_options:
                continue
            if is_renderable(value) and not isinstance(value, (Mapping, list, tuple)):
                continue
            if option in self.single_options and not isinstance(value, Mapping):
                yield f"{option}: {value!r} is not a mapping of options of {step.__name__}"
                continue
            if option not in self.single_options and not _is_list_of_mappings(value):
                yield f"{option}: {value!r} is not a list of mappings for {step.__name__}"
                continue
            for options in self._each(option):
                yield from (f"{option}: {fault}" for fault in _nested_faults(step, options))

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        requests = {
            option: tuple(_request(step, options) for options in self._each(option))
            for option, step in self.nested_steps.items()
        }
        single = {
            option: requests[option][0] if requests[option] else None
            for option in self.single_options
        }
        return {**requests, **single}

    def _each(self, option: str) -> Sequence[_Options]:
        value: Any = getattr(self, option)
        if option not in self.single_options:
            several: Sequence[_Options] = value
            return several
        return () if value is None else [value]


def _is_list_of_mappings(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(v, Mapping) for v in value)


def _nested_faults(step: type[ShipStep], options: _Options) -> Iterator[str]:
    unknown = [name for name in options if name not in step.request_options]
    if unknown:
        yield f"{unknown[0]} is not an option of {step.__name__}"
        return
    names = {field: option for option, field in step.field_of_option.items()}
    wrong = list(faults(step.request_type, _by_field(step, options), names))
    if not wrong and not is_renderable(options):
        try:
            _request(step, options)
        except InvalidRequest as error:
            wrong = [f"{error.what}: {error.why}"]
    yield from wrong


def _by_field(step: type[ShipStep], options: _Options) -> dict[str, object]:
    return {step.field_of_option.get(name, name): value for name, value in options.items()}


def _request(step: type[ShipStep], options: _Options) -> Request:
    return make(step.request_type, _by_field(step, options))
