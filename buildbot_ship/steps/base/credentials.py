"""The option ``credentials``: logins for registries, package indexes and git servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twisted.internet.defer import FirstError

from ...errors import InvalidReference, InvalidRequest
from ...model.reference import Repository, scheme_of
from ...model.request.settings import Credential
from .option_check import is_renderable
from .secrets_of_build import add_secret


def faults(credentials: object) -> Iterator[str]:
    """Yield ``credentials: why`` for each wrong entry; never repeat a password."""
    if not isinstance(credentials, Mapping):
        if not is_renderable(credentials):
            yield 'credentials: write {"registry.example.com": (user, util.Secret("name"))}'
        return
    for registry, pair in credentials.items():
        if not is_renderable(registry) and not _is_registry(registry):
            scheme = scheme_of(registry) if isinstance(registry, str) else ""
            hint = f": leave out {scheme}" if scheme else ""
            why = f"{registry!r} is not the host of a registry, without a path"
            yield f"credentials: {why}{hint}"
        if not is_renderable(pair) and not _is_pair(pair):
            yield f"credentials: {registry!r} needs a pair of user and password"


async def render(build: Any, credentials: object) -> tuple[Credential, ...]:
    """Return *credentials* as *build* renders them, sorted by host; raise InvalidRequest.

    They are not in the step's ``renderables``.  So an unknown secret is a failure with a
    remedy, and the step object never holds a password.
    """
    try:
        rendered = await build.render(credentials) or {}
    except (KeyError, FirstError) as error:
        raise InvalidRequest("credentials", unknown_secret(error)) from None
    for fault in faults(rendered):
        raise InvalidRequest(*fault.split(": ", 1))
    for host, (_, password) in rendered.items():
        add_secret(build, password, f"password of {host}")
    return tuple(
        Credential(host, user, password) for host, (user, password) in sorted(rendered.items())
    )


def unknown_secret(error: Any) -> str:
    """Return which secret is unknown; re-raise any other *error*."""
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
