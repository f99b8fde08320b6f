"""Find out what in the engine is ours, by its label and its entry in the ledger; remove it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

import attrs
from docker.errors import ImageNotFound, NotFound

from ...model.decision.garbage import CONTAINER, IMAGE, NETWORK, Entry, owns_image

OWNER, BUILD = "org.buildbot-ship.owner", "org.buildbot-ship.build"
"""Labels of our containers, networks and images."""


class Ledger(Protocol):
    """The list of temporary containers and images; an entry is written before each is made."""

    @property
    def owner(self) -> str:
        """Return the owner of new entries."""

    @property
    def build(self) -> str:
        """Return the build of new entries."""

    def note(self, kind: str, name: str, made: float, images: tuple[str, ...] = ()) -> None:
        """Add an entry, with the time *made* in seconds since 1970.

        *images* are the IDs of which the name of an image may have one.
        """

    def forget(self, kind: str, name: str) -> None:
        """Remove an entry."""


@attrs.frozen
class Ownership:
    """What in the engine of *client* belongs to the ledger of *owner*: `interface.Owned`.

    *errors* translates the SDK's errors in an action.
    """

    client: Any
    owner: str
    errors: Callable[[str], AbstractContextManager[None]]

    def owns(self, entry: Entry) -> bool | None:
        """Return whether what has the name of *entry* is ours; None if there is none."""
        with self.errors(f"inspect {entry.name}"):
            return self._owns(entry)

    def labelled(self) -> tuple[tuple[str, str], ...]:
        """Return kind and name of everything in the engine that has our label."""
        with self.errors("list what it has"):
            return tuple(self._labelled())

    def remove_container(self, name: str) -> bool:
        """Remove a container with its volumes; return False if it is absent or not ours."""
        with self.errors(f"remove {name}"), suppress(NotFound):
            if self._labels(CONTAINER, name).get(OWNER) == self.owner:
                self.client.remove_container(name, v=True, force=True)
                return True
        return False

    def remove_network(self, name: str) -> bool:
        """Remove a network; return False if it is absent or not ours."""
        with self.errors(f"remove {name}"), suppress(NotFound):
            if self._labels(NETWORK, name).get(OWNER) == self.owner:
                self.client.remove_network(name)
                return True
        return False

    def _owns(self, entry: Entry) -> bool | None:
        try:
            if entry.kind in (CONTAINER, NETWORK):
                labels = self._labels(entry.kind, entry.name)
                return (labels.get(OWNER), labels.get(BUILD)) == (self.owner, entry.build)
            image = self.client.inspect_image(entry.name)
        except (NotFound, ImageNotFound):
            return None
        label = ((image.get("Config") or {}).get("Labels") or {}).get(OWNER, "")
        named = bool(image.get("RepoTags"))
        return owns_image(entry, self.owner, image_id=image["Id"], label=label, named=named)

    def _labels(self, kind: str, name: str) -> dict[str, str]:
        if kind == CONTAINER:
            return self.client.inspect_container(name)["Config"]["Labels"] or {}
        return self.client.inspect_network(name)["Labels"] or {}

    def _labelled(self) -> Iterator[tuple[str, str]]:
        ours = {"label": f"{OWNER}={self.owner}"}
        for container in self.client.containers(all=True, filters=ours):
            yield CONTAINER, container["Names"][0].lstrip("/")
        for network in self.client.networks(filters=ours):
            yield NETWORK, network["Name"]
        for image in self.client.images(filters=ours):
            for name in image.get("RepoTags") or [image["Id"]]:
                yield IMAGE, name
