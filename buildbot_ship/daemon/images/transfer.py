"""Pull images into the engine, and push them from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from docker.utils import version_lt

from ...errors import EngineError
from ...model.reference import Reference
from ...model.request.settings import Credential
from .progress import read_progress, stream_error

_SAYS_UNPACKED = "1.48"
"""The first version of the API that says whether an image is unpacked."""


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


def load(client: Any, archive: IO[bytes], names: Iterable[str], action: str) -> None:
    """Load an *archive* with the images *names*.  Raises EngineError and errors of the SDK."""
    for line in client.load_image(archive):
        why = stream_error(line) if isinstance(line, dict) else ""
        if why:
            raise EngineError(action, why)
    if version_lt(client.api_version, _SAYS_UNPACKED):
        return
    for name in names:
        if not _is_unpacked(client, name):
            why = "it stored the image, but did not unpack its layers: read the engine's log"
            raise EngineError(action, why)


def _is_unpacked(client: Any, name: str) -> bool:
    """Return false if the engine stored the image *name* without unpacking it.

    An engine with the containerd store reports that a load succeeded even then.  Only such an
    engine lists the manifests of an image.
    """
    url = client._url("/images/{0}/json", name)
    inspected = client._result(client._get(url, params={"manifests": "1"}), True)
    images = [
        manifest["ImageData"]
        for manifest in inspected.get("Manifests") or ()
        if manifest.get("Kind") == "image" and manifest.get("Available")
    ]
    return not images or any(image["Size"]["Unpacked"] for image in images)


def _login(reference: Reference, credentials: Iterable[Credential]) -> dict[str, str] | None:
    """Return the login for a registry; with None the SDK uses Docker's configuration."""
    for credential in credentials:
        if credential.registry == reference.repository.registry:
            return {"username": credential.username, "password": credential.password}
    return None
