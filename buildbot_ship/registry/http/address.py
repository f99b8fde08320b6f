"""Where a registry's API is, for the name that references give it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ...model.reference import DEFAULT_REGISTRY

# Docker's own hub: the name in references is not the host of its API.
_API_HOSTS = {
    DEFAULT_REGISTRY: "registry-1.docker.io",
    "index.docker.io": "registry-1.docker.io",
}


def is_loopback(host: str) -> bool:
    """Tell whether *host* (a name or an address, a port allowed) is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def api_url(registry: str) -> str:
    """Return the URL that paths of the API are appended to, without ``/`` at its end.

    It is https, except on loopback, where docker too takes plain http.
    """
    host = _API_HOSTS.get(registry, registry)
    return f"{'http' if is_loopback(host) else 'https'}://{host}"
