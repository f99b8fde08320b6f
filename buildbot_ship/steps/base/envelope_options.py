"""The options of every step: what travels in the envelope beside the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from ...model.request.settings import CacheOptions, Index, Limits
from . import credentials
from . import option_check as options

T = TypeVar("T")
PARTS: dict[type[Any], dict[str, str]] = {
    Index: {
        "url": "index_url",
        "extra_urls": "extra_index_urls",
        "proxy": "proxy",
        "ca_bundle": "ca_bundle",
    },
    Limits: {name: name for name in ("memory", "processes", "seconds", "disk")},
    CacheOptions: {"repository": "cache", "trusted": "trusted", "no_cache": "no_cache"},
}
"""The parts of the envelope: the option of each field."""
RENDERABLES = (
    "work",
    "python",
    *(option for names in PARTS.values() for option in names.values()),
)


def make(part: type[T], step: Any) -> T:
    """Return a part of the envelope, of the options of *step*."""
    return options.make(part, _values(part, step))


def faults(step: Any) -> Iterator[str]:
    """Yield ``option: why`` for every common option of *step* that is wrong."""
    for part, names in PARTS.items():
        yield from options.faults(part, _values(part, step), names)
    yield from credentials.faults(step.credentials)
    for name in ("work", "python"):
        value = getattr(step, name)
        if not options.is_renderable(value) and not (isinstance(value, str) and value):
            yield f"{name}: {value!r} is not a path"
    if isinstance(step.work, str) and not step.work.startswith(("/", "../")):
        yield f"work: {step.work!r} is inside the checkout, or may be: begin with ../"
    if isinstance(step.retries, bool) or not isinstance(step.retries, int):
        yield f"retries: {step.retries!r} is not a whole number"
    elif step.retries < 0:
        yield f"retries: {step.retries} is less than 0"


def _values(part: type[Any], step: Any) -> dict[str, object]:
    return {field: getattr(step, option) for field, option in PARTS[part].items()}
