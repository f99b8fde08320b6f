"""The options of every step; they become the settings in the request's envelope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from ...errors import InvalidRequest
from ...model.decision.links import check_page
from ...model.request.envelope import PUBLISHING, untrusted_refusal
from ...model.request.settings import CacheOptions, Index, Limits, RegistryOptions
from . import credentials
from . import option_check as options
from .secret_options import uses_secret

T = TypeVar("T")
OPTION_NAMES: dict[type[Any], dict[str, str]] = {
    Index: {
        "url": "index_url",
        "extra_urls": "extra_index_urls",
        "proxy": "proxy",
        "ca_bundle": "ca_bundle",
    },
    RegistryOptions: {"ca_bundle": "registry_ca_bundle", "insecure": "insecure_registries"},
    Limits: {
        name: name for name in ("memory", "processes", "seconds", "disk", "cpus", "open_files")
    },
    CacheOptions: {"repository": "cache", "trusted": "trusted", "no_cache": "no_cache"},
}
"""Settings in the envelope: the option for each of their fields."""
RENDERABLES = (
    "work",
    "python",
    "image_page",
    *(option for names in OPTION_NAMES.values() for option in names.values()),
)


def make(settings: type[T], step: Any) -> T:
    """Return *settings* filled from the options of *step*."""
    return options.make(settings, _values(settings, step))


def faults(step: Any) -> Iterator[str]:
    """Yield ``option: why`` for every wrong common option of *step*."""
    for settings, names in OPTION_NAMES.items():
        yield from options.faults(settings, _values(settings, step), names)
    yield from credentials.faults(step.credentials)
    if uses_secret(step.env):
        yield "env: it has a secret, which other processes on the worker can read: remove it"
    if step.trusted is False and issubclass(step.request_type, PUBLISHING):
        yield str(untrusted_refusal(step.request_type.verb))
    yield from _page_faults(step.image_page)
    for name in ("work", "python"):
        value = getattr(step, name)
        if name == "python" and value is None:
            continue
        if not options.is_renderable(value) and not (isinstance(value, str) and value):
            yield f"{name}: {value!r} is not a path"
    if isinstance(step.work, str) and not step.work.startswith(("/", "../")):
        yield f"work: {step.work!r} may be inside the checkout: begin with ../, as in ../ship"
    if isinstance(step.retries, bool) or not isinstance(step.retries, int):
        yield f"retries: {step.retries!r} is not an integer"
    elif step.retries < 0:
        yield f"retries: {step.retries} is less than 0"


def _page_faults(template: object) -> Iterator[str]:
    if options.is_renderable(template) or template in (None, ""):
        return
    if not isinstance(template, str):
        yield f"image_page: {template!r} is not a string"
        return
    try:
        check_page(template)
    except InvalidRequest as error:
        yield f"{error.what}: {error.why}"


def _values(settings: type[Any], step: Any) -> dict[str, object]:
    return {field: getattr(step, option) for field, option in OPTION_NAMES[settings].items()}
