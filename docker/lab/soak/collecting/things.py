"""Things in the engine, as small as they can be: containers, networks, names of images."""

from __future__ import annotations

import io
import os
import tarfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.errors import ImageNotFound, NotFound

import docker
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE, NETWORK

REPOSITORY = "ship.local/soak"


def connect() -> Any:
    """Return a client of the engine; each process needs its own."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    return docker.APIClient(host, version="1.41", timeout=120)


def import_image(client: Any, label: str = "") -> str:
    """Import an image without files, with *label* (``name=value``); return its ID."""
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(uuid.uuid4().hex))
    name = f"tests.local/soak:{uuid.uuid4().hex}"
    changes = [f"LABEL {label}"] if label else []
    repository, _, tag = name.partition(":")
    client.import_image_from_data(
        empty.getvalue(), repository=repository, tag=tag, changes=changes
    )
    return name


@dataclass(frozen=True)
class Thing:
    """A container, a network or a name of an image."""

    kind: str
    name: str

    @classmethod
    def new(cls, kind: str) -> Thing:
        """Return one with a new name, like those of builds."""
        unique = uuid.uuid4().hex
        return cls(kind, f"{REPOSITORY}:{unique}" if kind == IMAGE else f"ship-soak-{unique}")

    def make(self, client: Any, labels: Mapping[str, str], image: str) -> None:
        """Make it in the engine; *image* is that of a container, or the one to name."""
        if self.kind == CONTAINER:
            client.create_container(image, ["x"], name=self.name, labels=dict(labels))
        elif self.kind == NETWORK:
            client.create_network(self.name, internal=True, labels=dict(labels))
        else:
            repository, _, tag = self.name.partition(":")
            client.tag(image, repository, tag=tag, force=True)

    def exists(self, client: Any) -> bool:
        """Return whether the engine has it."""
        inspect = {
            CONTAINER: client.inspect_container,
            NETWORK: client.inspect_network,
            IMAGE: client.inspect_image,
        }
        try:
            inspect[self.kind](self.name)
        except (NotFound, ImageNotFound):
            return False
        return True

    def remove(self, client: Any) -> None:
        """Remove it if the engine has it."""
        try:
            if self.kind == CONTAINER:
                client.remove_container(self.name, force=True)
            elif self.kind == NETWORK:
                client.remove_network(self.name)
            else:
                client.remove_image(self.name)
        except (NotFound, ImageNotFound):
            pass
