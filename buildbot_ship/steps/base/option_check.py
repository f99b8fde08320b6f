"""Options of steps against the fields of requests: which are wrong, and why.

An option that is a renderable has no value before a build renders it, so it is left
out at configuration time and checked when the step runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from buildbot.interfaces import IRenderable

from ...errors import InvalidRequest, ShipError

T = TypeVar("T")
_PLAIN = {
    str: "a text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
}


def is_renderable(value: object) -> bool:
    """Tell whether *value*, or anything in it, is known only when a build renders it."""
    if isinstance(value, Mapping):
        return any(is_renderable(item) for pair in value.items() for item in pair)
    if isinstance(value, (list, tuple)):
        return any(map(is_renderable, value))
    return bool(IRenderable.providedBy(value))


def faults(
    kind: type[Any], values: Mapping[str, object], names: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield ``option: why`` for every value that the field of *kind* does not take.

    *values* are by field; *names* gives the options whose field has another name.
    """
    hints = get_type_hints(kind)
    for field in attrs.fields(kind):
        value = freeze(values.get(field.name))
        why = None if is_renderable(value) else _fault(field, hints[field.name], value)
        if why is not None:
            yield f"{(names or {}).get(field.name, field.name)}: {why}"


def make(kind: type[T], values: Mapping[str, object]) -> T:
    """Return a *kind* of *values*; what is None takes the default of its field."""
    return kind(**{name: freeze(value) for name, value in values.items() if value is not None})


def freeze(value: Any) -> Any:
    """Return *value* with tuples for its lists."""
    return tuple(map(freeze, value)) if isinstance(value, (list, tuple)) else value


def _fault(field: Any, kind: Any, value: object) -> str | None:
    if value is None:
        return "nothing was given, and it is needed" if field.default is attrs.NOTHING else None
    if not _fits(value, kind):
        return f"{value!r} is not {_expected(kind)}"
    try:
        if field.validator is not None:
            field.validator(None, field, value)
    except InvalidRequest as error:
        return error.why
    except (ShipError, ValueError) as error:
        return str(error)
    return None


def _fits(value: object, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inner[0]) for item in value)
    if origin is dict:
        return isinstance(value, Mapping) and all(
            _fits(item, one)
            for pair in value.items()
            for item, one in zip(pair, inner, strict=True)
        )
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)


def _expected(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(_expected(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"a list, each {_expected(inner[0])}"
    if origin is dict:
        return "a mapping of texts to texts"
    return _PLAIN.get(kind) or f"a {kind.__name__}"
