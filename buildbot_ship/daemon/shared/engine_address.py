"""The address of the engine: DOCKER_HOST, else the current Docker context, else the socket.

The SDK has the same rules, but its import takes 0.4 s.  Files of contexts:
https://github.com/docker/cli/tree/master/cli/context/store
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...errors import EngineUnavailable

SOCKET = "unix:///var/run/docker.sock"


@attrs.frozen
class EngineAddress:
    """The *url* of the engine, and the *context* that has it; empty if no context is used."""

    url: str
    context: str = ""


def find_address(environment: Mapping[str, str]) -> EngineAddress:
    """Return the address of the engine for the variables of *environment*.

    Raises EngineUnavailable for a context that does not exist.
    """
    if host := environment.get("DOCKER_HOST"):
        return EngineAddress(host)
    folder = client_folder(environment)
    name = environment.get("DOCKER_CONTEXT") or _read(folder / "config.json", "currentContext")
    if not name or name == "default":
        return EngineAddress(SOCKET)
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / key / "meta.json"
    url = _read(meta, "Endpoints", "docker", "Host")
    if not url:
        why = f"there is no address in {meta}: choose another with docker context use"
        raise EngineUnavailable(f"the Docker context {name}", why)
    return EngineAddress(url, name)


def client_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of the settings of Docker's command line."""
    home = Path(environment.get("HOME") or "/nonexistent")
    return Path(environment.get("DOCKER_CONFIG") or home / ".docker")


def _read(path: Path, *names: str) -> str:
    """Return the text below *names* in a JSON file, or an empty text."""
    try:
        value: Any = json.loads(path.read_bytes())
        for name in names:
            value = value[name]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return value if isinstance(value, str) else ""
