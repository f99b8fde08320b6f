"""The engine's platform and API version, without the Docker SDK: its import takes 0.4 s."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from ...errors import EngineUnavailable, EngineUnfit
from .engine_address import find_address

_TIMEOUT = 10.0
"""Seconds to wait for the socket."""


class _Connection(http.client.HTTPConnection):
    """HTTP over the Unix socket at *path*."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@attrs.frozen
class Version:
    """The engine's *platform* (``linux/amd64``) and the version of its *api* (``1.43``)."""

    platform: str
    api: str


def query_version(environment: Mapping[str, str]) -> Version | None:
    """Return the version of the engine that *environment* names, see `find_address`.

    Return None if the address is not a Unix socket or the engine does not answer.  The Docker
    SDK then connects in the other ways, and reports why it cannot.  Raises EngineUnfit.
    Source: https://docs.docker.com/reference/api/engine/ (``GET /version``, ``GET /info``).
    """
    try:
        address = find_address(environment).url
    except EngineUnavailable:
        return None
    url = urlsplit(address)
    if url.scheme != "unix":
        return None
    connection = _Connection(url.path)
    try:
        version = _ask(connection, "/version")
        refuse_podman(address, version)
        check_limits(address, _ask(connection, "/info"))
        return Version(f"{version['Os']}/{version['Arch']}", str(version["ApiVersion"]))
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _ask(connection: _Connection, path: str) -> Any:
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


def refuse_podman(address: str, version: Mapping[str, Any]) -> None:
    """Raise EngineUnfit if the answer of ``GET /version`` is that of Podman."""
    names = {str(component.get("Name")) for component in version.get("Components") or ()}
    if "Podman Engine" in names:
        why = "it is Podman, which does not load an image without the layers of its base"
        raise EngineUnfit(address, why)


def check_limits(address: str, info: Mapping[str, Any]) -> None:
    """Raise EngineUnfit for a rootless engine that ignores the limits of containers."""
    if info.get("CgroupDriver") == "none":
        why = (
            "it is rootless and has no control groups, so it ignores the limits of containers; "
            "it needs version 2 of them, delegated to its user"
        )
        raise EngineUnfit(address, why)
