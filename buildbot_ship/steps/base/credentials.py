"""How to log in to registries: an option that carries secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twisted.internet.defer import FirstError

from ...errors import InvalidReference, InvalidRequest
from ...model.reference import Repository
from ...model.request.settings import Credential
from .option_check import is_renderable


def faults(credentials: object) -> Iterator[str]:
    """Yield what is wrong with ``{"registry": (user, password)}``, without passwords."""
    if not isinstance(credentials, Mapping):
        if not is_renderable(credentials):
            yield 'credentials: write {"registry.example.com": (user, util.Secret("name"))}'
        return
    for registry, pair in credentials.items():
        if not is_renderable(registry) and not _is_registry(registry):
            yield f"credentials: {registry!r} is not a registry's host, without path"
        if not is_renderable(pair) and not _is_pair(pair):
            yield f"credentials: for {registry!r} a pair of user and password is needed"


async def render(build: Any, credentials: object) -> tuple[Credential, ...]:
    """Return *credentials* as *build* renders them; raise InvalidRequest.

    A step renders them with this, when it runs, and not as one of its ``renderables``:
    an unknown secret is then a failure with a remedy, and no password stays on the step.
    """
    try:
        rendered = await build.render(credentials) or {}
    except (KeyError, FirstError) as error:
        raise InvalidRequest("credentials", _why(error)) from None
    for fault in faults(rendered):
        raise InvalidRequest(*fault.split(": ", 1))
    return tuple(
        Credential(name, user, word) for name, (user, word) in sorted(rendered.items())
    )


def _why(error: Any) -> str:
    """Return what went wrong at the bottom of *error*; re-raise what is no unknown secret."""
    while isinstance(error, FirstError):
        error = error.subFailure.value
    if not isinstance(error, KeyError):
        raise error
    return str(error.args[0])


def _is_registry(name: object) -> bool:
    try:
        return isinstance(name, str) and Repository.parse(f"{name}/x").registry == name
    except InvalidReference:
        return False


def _is_pair(pair: object) -> bool:
    return (
        isinstance(pair, (list, tuple))
        and len(pair) == 2
        and all(isinstance(part, str) and part for part in pair)
    )
