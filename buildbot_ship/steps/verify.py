"""`VerifyReproducible`: the same commit gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from buildbot.interfaces import IRenderable

from ..errors import InvalidRequest
from ..model.request import Request, VerifyRequest
from .image import BuildRuntimeImage
from .options import faults, is_renderable, make
from .pex import BuildPex
from .ship import ShipStep
from .wheels import BuildWheels

_Options = Mapping[str, Any]
_STEPS: dict[str, type[ShipStep]] = {
    "wheels": BuildWheels,
    "pexes": BuildPex,
    "images": BuildRuntimeImage,
}


class VerifyReproducible(ShipStep):
    """Build what this build made a second time, from nothing, and compare every byte.

    It comes after the steps whose output it looks at, in the same build.

    :param wheels: what `BuildWheels` was given: ``{"packages": ["."]}``
    :param pexes: what each `BuildPex` was given: ``[{"pex": "app.pex",
        "requirements": ["app"], "module": "app"}]``
    :param images: what each `BuildRuntimeImage` was given: ``[{"image": "app"}]``
    """

    name = "verify"
    request_type = VerifyRequest
    own_options = ("wheels", "pexes", "images")
    renderables: ClassVar[tuple[str, ...]] = own_options

    def __init__(
        self,
        *,
        wheels: Mapping[str, Any] | IRenderable | None = None,
        pexes: Sequence[Mapping[str, Any]] | IRenderable = (),
        images: Sequence[Mapping[str, Any]] | IRenderable = (),
        **kwargs: Any,
    ) -> None:
        """Take the options of the step and of `ShipStep`."""
        self.wheels = {} if wheels is None else wheels
        self.pexes, self.images = pexes, images
        super().__init__(**kwargs)

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for the options of the request that are wrong."""
        for option, step in _STEPS.items():
            value = getattr(self, option)
            if is_renderable(value) and not isinstance(value, (Mapping, list, tuple)):
                continue
            if not _has_form(value, several=option != "wheels"):
                yield f"{option}: {value!r} is not what {step.__name__} is given"
                continue
            for given in self._each(option):
                yield from (f"{option}: {fault}" for fault in _faults(step, given))

    def request_values(self) -> dict[str, object]:
        """Return the values of the request's fields, by field."""
        (wheels,) = (_made(BuildWheels, given) for given in self._each("wheels"))
        pexes = tuple(_made(BuildPex, given) for given in self._each("pexes"))
        images = tuple(_made(BuildRuntimeImage, given) for given in self._each("images"))
        return {"wheels": wheels, "pexes": pexes, "images": images}

    def _each(self, option: str) -> Sequence[_Options]:
        value: Any = getattr(self, option)
        return [value] if option == "wheels" else value


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
