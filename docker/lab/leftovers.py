"""Find and remove what a run left in the engine, by label or by registry."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import docker.errors

import docker
from lab.bases import MARK

# The label that buildbot-ship sets: the owner of the ledger with this container or image.
OWNER = "org.buildbot-ship.owner"
# Images that buildbot-ship keeps between builds.
TOOLS = "ship.local/tools:"


def remove_labelled(label: str, value: str) -> None:
    """Remove the containers, networks and volumes that have a label."""
    client = docker.from_env()
    chosen: dict[str, str | list[str] | bool] = {"label": f"{label}={value}"}
    _remove_containers(client.containers.list(all=True, filters=chosen, ignore_removed=True))
    for network in client.networks.list(filters=chosen):
        with suppress(docker.errors.NotFound):
            network.remove()
    for volume in client.volumes.list(filters=chosen):
        with suppress(docker.errors.NotFound):
            volume.remove()


def remove_owned(owner: str) -> None:
    """Remove what killed builds of our workers left; their names begin with `owner`."""
    client = docker.from_env()
    labelled: dict[str, str | list[str] | bool] = {"label": OWNER}
    containers = client.containers.list(all=True, filters=labelled, ignore_removed=True)
    _remove_containers(each for each in containers if each.labels[OWNER].startswith(owner))
    for image in client.images.list(filters=labelled):
        theirs = image.labels[OWNER].startswith(owner)
        if theirs and not any(tag.startswith(TOOLS) for tag in image.tags):
            with suppress(docker.errors.APIError):
                client.images.remove(str(image.id), force=True)


def remove_marked(mark: str) -> None:
    """Remove all bases whose mark begins with *mark*, and the images built on them."""
    client = docker.from_env()
    found = client.images.list(all=True, filters={"label": MARK})
    # Remove the newest first: an image must be removed after those that are built on it.
    for image in sorted(found, key=lambda each: str(each.attrs["Created"]), reverse=True):
        if image.labels[MARK].startswith(mark):
            with suppress(docker.errors.APIError):
                client.images.remove(str(image.id), force=True)


def forget_images(address: str) -> None:
    """Remove the names of images from a registry that no longer exists."""
    client = docker.from_env()
    for image in client.images.list():
        digests = image.attrs.get("RepoDigests") or []
        for name in [*image.tags, *digests]:
            if name.startswith(f"{address}/"):
                with suppress(docker.errors.APIError):
                    client.images.remove(name)


def _remove_containers(containers: Iterable[Any]) -> None:
    for container in containers:
        with suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)
