"""The option ``build_secrets``: secrets for ``RUN --mount=type=secret``, by their id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from twisted.internet.defer import FirstError

from ...errors import InvalidRequest
from ...model.request import Request
from ...model.request.envelope import NO_SECRETS
from .credentials import unknown_secret
from .option_check import is_renderable
from .secrets_of_build import add_secret
from .step import ShipStep

OPTION = "build_secrets"
_FORM = 'write {"netrc": util.Secret("name")}'


class BuildSecretsStep(ShipStep):
    """A step with the option ``build_secrets``, whose request has a field of this name.

    The option is not in the step's ``renderables``.  So an unknown secret is a failure with a
    remedy, and the step object never holds a secret.
    """

    build_secrets: Any = None

    def request_faults(self) -> Iterator[str]:
        """Yield ``option: why`` for every wrong option of the request."""
        yield from super().request_faults()
        yield from faults(self.build_secrets)
        if self.trusted is False and self.build_secrets:
            yield f"{OPTION}: {NO_SECRETS}"

    async def make_request(self) -> Request:
        """Return the request, with the secrets.  Raises InvalidRequest."""
        given = await render(self.build, self.build_secrets)
        return attrs.evolve(await super().make_request(), **{OPTION: given})


def faults(secrets: object) -> Iterator[str]:
    """Yield ``build_secrets: why`` for each wrong entry; never repeat a secret."""
    if secrets is None:
        return
    if not isinstance(secrets, Mapping):
        if not is_renderable(secrets):
            yield f"{OPTION}: {_FORM}"
        return
    for name, secret in secrets.items():
        if not is_renderable(name) and not isinstance(name, str):
            yield f"{OPTION}: {name!r} is not the id of a secret: {_FORM}"
        elif not is_renderable(secret) and not isinstance(secret, str):
            yield f"{OPTION}: the secret {name} is not a text: {_FORM}"


async def render(build: Any, secrets: object) -> dict[str, str]:
    """Return *secrets* as *build* renders them; it hides them.  Raises InvalidRequest."""
    try:
        rendered = await build.render(secrets) or {}
    except (KeyError, FirstError) as error:
        raise InvalidRequest(OPTION, unknown_secret(error)) from None
    for fault in faults(rendered):
        raise InvalidRequest(*fault.split(": ", 1))
    for name, secret in rendered.items():
        add_secret(build, secret, f"secret {name}")
    return dict(rendered)
