"""The URL of a registry's API, derived from the registry name in a reference."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import attrs

from ...model.reference import DEFAULT_REGISTRY

# Docker Hub: its name in references is not the host of its API.
_API_HOSTS = {
    DEFAULT_REGISTRY: "registry-1.docker.io",
    "index.docker.io": "registry-1.docker.io",
}


def is_loopback(host: str) -> bool:
    """Return whether *host* (a name or an address, with or without a port) is this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@attrs.frozen
class Addresses:
    """Which registries speak plain HTTP: those on loopback, and the *insecure* ones."""

    insecure: frozenset[str] = frozenset()

    def is_plain(self, host: str) -> bool:
        """Return whether *host*, with its port if it has one, may be asked in plain HTTP."""
        return is_loopback(host) or host in self.insecure

    def api_url(self, registry: str) -> str:
        """Return the base URL of the API, without a trailing slash."""
        host = _API_HOSTS.get(registry, registry)
        return f"{'http' if self.is_plain(host) else 'https'}://{host}"
