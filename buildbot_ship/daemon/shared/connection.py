"""Connect the Docker SDK to the engine that an environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import docker

from .engine_address import find_address


def connect(environment: Mapping[str, str], api: str, timeout: int) -> Any:
    """Return the SDK's low-level client for a version of the *api*, ``auto`` to ask for it.

    *timeout* is in seconds.  Raises the errors of the SDK, and EngineUnavailable for a context
    that does not exist.
    """
    address = find_address(environment)
    host = "" if address.context else address.url  # the SDK reads a context itself
    known = {**environment, "DOCKER_HOST": host}
    return docker.from_env(version=api, environment=known, timeout=timeout).api
