"""Pull images into the engine, and push them from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import EngineError
from ...model.reference import Reference
from ...model.request.settings import Credential
from .progress import read_progress


def pull(client: Any, reference: Reference, credentials: Iterable[Credential]) -> None:
    """Pull an image.  Raises EngineError and errors of the SDK."""
    stream = client.pull(
        str(reference.repository),
        tag=reference.digest or reference.tag,
        stream=True,
        decode=True,
        auth_config=_login(reference, credentials),
    )
    read_progress(stream, f"pull {reference}")


def push(client: Any, reference: Reference, credentials: Iterable[Credential]) -> str:
    """Push a tagged image; return the digest that the registry reported."""
    stream = client.push(
        str(reference.repository),
        tag=reference.tag,
        stream=True,
        decode=True,
        auth_config=_login(reference, credentials),
    )
    digest = read_progress(stream, f"push {reference}")
    if digest is None:
        raise EngineError(f"push {reference}", "the registry reported no digest")
    return digest


def _login(reference: Reference, credentials: Iterable[Credential]) -> dict[str, str] | None:
    """Return the login for a registry; with None the SDK uses Docker's configuration."""
    for credential in credentials:
        if credential.registry == reference.repository.registry:
            return {"username": credential.username, "password": credential.password}
    return None
