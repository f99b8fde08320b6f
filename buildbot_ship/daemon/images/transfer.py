"""Images between the engine and registries, as the Docker SDK streams them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import EngineError
from ...model.reference import Reference
from ...model.request.settings import Credential
from .progress import drain


def pull(client: Any, reference: Reference, credentials: Iterable[Credential]) -> None:
    """Pull an image.  Raises EngineError, and what the SDK raises."""
    stream = client.pull(
        str(reference.repository),
        tag=reference.digest or reference.tag,
        stream=True,
        decode=True,
        auth_config=_login(reference, credentials),
    )
    drain(stream, f"pull {reference}")


def push(client: Any, reference: Reference, credentials: Iterable[Credential]) -> str:
    """Push a tagged image; return the digest that the registry reported."""
    stream = client.push(
        str(reference.repository),
        tag=reference.tag,
        stream=True,
        decode=True,
        auth_config=_login(reference, credentials),
    )
    digest = drain(stream, f"push {reference}")
    if digest is None:
        raise EngineError(f"push {reference}", "the registry reported no digest")
    return digest


def _login(reference: Reference, credentials: Iterable[Credential]) -> dict[str, str] | None:
    """Return the login for a registry; with None the SDK asks docker's configuration."""
    for known in credentials:
        if known.registry == reference.repository.registry:
            return {"username": known.username, "password": known.password}
    return None
