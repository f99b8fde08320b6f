"""Check the options of steps against the types and validators of request fields.

A renderable has no value before a build renders it.  The configuration check skips it, and
the step checks it when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from buildbot.interfaces import IRenderable

from ...errors import InvalidRequest, ShipError

T = TypeVar("T")
_TYPE_NAMES = {
    str: "a string",
    bool: "True or False",
    int: "an integer",
    float: "a number",
}


def is_renderable(value: object) -> bool:
    """Return whether *value*, or anything in it, has no value before a build renders it."""
    if isinstance(value, Mapping):
        return any(is_renderable(item) for pair in value.items() for item in pair)
    if isinstance(value, (list, tuple)):
        return any(map(is_renderable, value))
    return bool(IRenderable.providedBy(value))


def faults(
    kind: type[Any], values: Mapping[str, object], names: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield ``option: why`` for every value that its field of *kind* does not accept.

    *values* maps fields to values; *names* maps fields to options with another name.
    """
    hints = get_type_hints(kind)
    for field in attrs.fields(kind):
        value = freeze(values.get(field.name))
        why = None if is_renderable(value) else _fault(field, hints[field.name], value)
        if why is not None:
            yield f"{(names or {}).get(field.name, field.name)}: {why}"


def make(kind: type[T], values: Mapping[str, object]) -> T:
    """Return a *kind* with *values* by field; None stands for the field's default."""
    return kind(**{name: freeze(value) for name, value in values.items() if value is not None})


def freeze(value: Any) -> Any:
    """Return *value* with tuples instead of lists, at every depth."""
    return tuple(map(freeze, value)) if isinstance(value, (list, tuple)) else value


def _fault(field: Any, kind: Any, value: object) -> str | None:
    if value is None:
        return "this option is required" if field.default is attrs.NOTHING else None
    if not _has_type(value, kind):
        return f"{value!r} is not {_expected(kind)}"
    try:
        if field.validator is not None:
            field.validator(None, field, value)
    except InvalidRequest as error:
        return error.why
    except (ShipError, ValueError) as error:
        return str(error)
    return None


def _has_type(value: object, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_has_type(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_has_type(item, inner[0]) for item in value)
    if origin is dict:
        return isinstance(value, Mapping) and all(
            _has_type(item, one)
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
        items = "strings" if inner[0] is str else f"{inner[0].__name__} values"
        return f"a list of {items}"
    if origin is dict:
        return "a mapping of strings to strings"
    return _TYPE_NAMES.get(kind) or f"a {kind.__name__}"
