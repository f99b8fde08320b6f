"""Remove a container or a network by name, if its label says that it is ours."""

from __future__ import annotations

from typing import Any

from docker.errors import NotFound


def remove_container(client: Any, name: str, label: str, owner: str) -> bool:
    """Remove a container with its volumes; return False if it is absent or not ours.

    It is ours if *label* has the value *owner*.
    """
    try:
        if (client.inspect_container(name)["Config"]["Labels"] or {}).get(label) != owner:
            return False
        client.remove_container(name, v=True, force=True)
    except NotFound:
        return False
    return True


def remove_network(client: Any, name: str, label: str, owner: str) -> bool:
    """Remove a network; return False if it is absent or not ours, as above."""
    try:
        if (client.inspect_network(name)["Labels"] or {}).get(label) != owner:
            return False
        client.remove_network(name)
    except NotFound:
        return False
    return True
