"""The engine's platform and API version, without the Docker SDK: its import takes 0.4 s."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs

_SOCKET = "unix:///var/run/docker.sock"
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
    """Return the version of the engine that DOCKER_HOST in *environment* names.

    Return None if the address is not a Unix socket or the engine does not answer.  The Docker
    SDK then connects in the other ways, and reports why it cannot.
    Source: https://docs.docker.com/reference/api/engine/ (``GET /version``).
    """
    url = urlsplit(environment.get("DOCKER_HOST") or _SOCKET)
    if url.scheme != "unix":
        return None
    connection = _Connection(url.path)
    try:
        connection.request("GET", "/version")
        version = json.loads(connection.getresponse().read())
        return Version(f"{version['Os']}/{version['Arch']}", str(version["ApiVersion"]))
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return None
    finally:
        connection.close()
