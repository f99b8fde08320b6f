"""Check the options of steps against the types and validators of request fields.

A renderable has no value before a build renders it.  The configuration check skips it, and
the step checks it when it runs.  A name that no option has gets the nearest one.
"""

from __future__ import annotations

import difflib
import inspect
import linecache
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from buildbot.interfaces import IRenderable
from buildbot.process.buildstep import BuildStep, ShellMixin

from ...errors import InvalidRequest, ShipError

T = TypeVar("T")
NOT_OPTIONS = ("command", "initialStdin", "self", "kwargs")
"""Arguments of steps that nobody may set."""
_BUILDBOT_S = frozenset(
    [*BuildStep._params_names, *(name for name, _ in ShellMixin._shell_mixin_arg_config)]
)
"""The options of Buildbot's own steps; it has no other list of them."""
_INTERNAL = ("buildbot_ship.", "buildbot.", "contextlib")
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


def unknown_options(step: type[Any], given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name in *given* that no option of Buildbot has, and what is wrong with it.

    *given* are arguments of *step* that are not its own.
    """
    for name in given:
        if name in NOT_OPTIONS or name not in _BUILDBOT_S:
            near = difflib.get_close_matches(name, _options_of(step), 1)
            hint = f": did you mean {near[0]}?" if near else ""
            yield name, f"{name} is not an option of this step{hint}"


def place_of(option: str) -> str:
    """Return ``file:line`` where the configuration that runs now names *option*.

    If it does not name it there, it is the line that the configuration is at.
    """
    frame = _caller()
    if frame is None:
        return ""
    path, line = frame.f_code.co_filename, frame.f_lineno
    written = re.compile(rf"\b{re.escape(option)}[\"']?\s*[=:](?!=)")
    linecache.checkcache(path)
    for number, text in enumerate(linecache.getlines(path), 1):
        if written.search(text.partition("#")[0]):
            line = number
            break
    return f"{os.path.basename(path)}:{line}"


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


def _options_of(step: type[Any]) -> set[str]:
    """Return the names of all options of *step*."""
    known = set(_BUILDBOT_S)
    for kind in step.__mro__:
        if kind.__module__.startswith("buildbot_ship.") and "__init__" in vars(kind):
            known.update(inspect.signature(vars(kind)["__init__"]).parameters)
    return known.difference(NOT_OPTIONS)


def _caller() -> FrameType | None:
    """Return the innermost frame of the configuration."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_INTERNAL):
        frame = frame.f_back
    return frame
