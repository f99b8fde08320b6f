"""The Docker Engine behind a socket, through the Docker SDK."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

import attrs
from docker.errors import ImageNotFound, NotFound

import docker

from ..errors import BaseNotFound, EngineError, RegistryUnavailable
from ..model.decision.garbage import CONTAINER, IMAGE, TOOLS
from ..model.log import Log
from ..model.reference import Reference
from ..model.request.settings import Credential
from .containers.container import Container
from .containers.standby import StandbyContainer
from .images import transfer
from .images.image_build import Builder
from .images.multi_platform import INCOMPLETE, find_part
from .interface import RESULT, Build, EngineImage, Job
from .shared.sdk_errors import translated
from .shared.signal_guard import uninterrupted

UNREACHABLE = ("connection refused", "no such host", "i/o timeout", "connection reset")
"""How the engine says that it did not get through to a registry."""
OWNER, BUILD = "org.buildbot-ship.owner", "org.buildbot-ship.build"


class Ledger(Protocol):
    """Where we write down what we make, before we make it."""

    @property
    def owner(self) -> str:
        """Who makes it."""

    @property
    def build(self) -> str:
        """For which build."""

    def note(self, kind: str, name: str, made: float) -> None:
        """Write it down."""

    def forget(self, kind: str, name: str) -> None:
        """Strike it out."""


@attrs.define(slots=False)
class Engine:
    """The engine that DOCKER_HOST names, or the one behind the default socket.

    *api* is the version of its API (``1.43``), if somebody asked before.
    """

    ledger: Ledger
    clock: Callable[[], float]
    environment: dict[str, str]
    credentials: tuple[Credential, ...] = ()
    api: str = "auto"
    _seen: dict[str, EngineImage] = attrs.field(init=False, factory=dict)
    _standby: StandbyContainer = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: StandbyContainer(self._container), takes_self=True),
    )

    @property
    def address(self) -> str:
        """Return where the engine should answer."""
        return self.environment.get("DOCKER_HOST") or "unix:///var/run/docker.sock"

    @cached_property
    def client(self) -> Any:
        """Return the SDK's low-level client; the engine answered."""
        with translated(self.address, "connect"):
            environment = {**self.environment, "DOCKER_HOST": self.address}
            return docker.from_env(version=self.api, environment=environment, timeout=600).api

    def _did(self, what: str) -> Any:
        return translated(self.address, what)

    def platform(self) -> str:
        """Return what the engine runs, as image indexes name it: ``linux/amd64``."""
        with self._did("say what it is"):
            version = self.client.version()
        return f"{version['Os']}/{version['Arch']}"

    def image(self, reference: str) -> EngineImage | None:
        """Return the image with this reference or image ID, or None."""
        with self._did(f"look at {reference}"):
            try:
                inspected = self.client.inspect_image(reference)
            except ImageNotFound:
                return None
        self._seen[reference] = EngineImage.of(inspected)
        return self._seen[reference]

    def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
        """Fetch an image.  Raises BaseNotFound, RegistryUnavailable."""
        if temporary:
            self.ledger.note(IMAGE, str(reference), self.clock())
        try:
            with self._did(f"pull {reference}"):
                transfer.pull(self.client, reference, self.credentials)
        except EngineError as error:
            if any(word in error.why for word in UNREACHABLE):
                raise RegistryUnavailable(reference.repository.registry, error.why) from None
            raise BaseNotFound(str(reference), error.why) from None
        found = self.image(str(reference))
        if found is None:
            raise BaseNotFound(str(reference), "the engine pulled it and does not have it")
        return found

    def tag(self, image_id: str, reference: Reference) -> None:
        """Give an image one more name, which is temporary."""
        self.ledger.note(IMAGE, str(reference), self.clock())
        with self._did(f"tag {reference}"):
            self.client.tag(image_id, str(reference.repository), tag=reference.tag)

    def push(self, reference: Reference) -> str:
        """Push a tagged image; return the digest that its registry reported."""
        try:
            return self._push(reference)
        except EngineError as error:
            if INCOMPLETE not in error.why:
                raise
        part = self._narrow(reference)
        try:
            return self._push(reference)
        finally:
            self.remove_image(str(part))

    def _narrow(self, reference: Reference) -> Reference:
        """Let *reference* name our platform's part of its index; return that part's name."""
        with self._did(f"export {reference}"):
            export = self.client.get_image(str(reference))
            part = find_part(self.image(str(reference)), reference, self.platform(), export)
        self.tag(self.pull(part, temporary=True).image_id, reference)
        return part

    def _push(self, reference: Reference) -> str:
        with self._did(f"push {reference}"):
            return transfer.push(self.client, reference, self.credentials)

    def load(self, archive: Path, loaded_as: str) -> None:
        """Load an image archive; it is temporary, under the name *loaded_as*."""
        self.ledger.note(IMAGE, loaded_as, self.clock())
        with self._did(f"load {loaded_as}"), archive.open("rb") as content:
            for line in self.client.load_image(content):
                if isinstance(line, dict) and "error" in line:
                    raise EngineError(f"load {loaded_as}", str(line["error"]))

    def prepare_container(self, job: Callable[[], Job | None]) -> None:
        """Begin to make a container ready as `interface.Daemon.prepare_container` says."""
        self._standby.prepare(job)

    def run(
        self, job: Job, *, out: Path, log: Log, prepare_next: bool = False
    ) -> dict[str, Any]:
        """Run *job* as `interface.Daemon.run` says."""
        with self._did(f"run {job.script}"), ExitStack() as stack:
            with uninterrupted():
                waiting = self._standby.take(job)
                container = stack.enter_context(waiting or self._container(job))
            if prepare_next or waiting:
                container.leave = self._standby.remove
            began = partial(self._standby.prepare, lambda: job) if prepare_next else None
            return container.run(out, log, began)

    def keep(self, job: Job, reference: str, *, log: Log, scratch: Path) -> dict[str, Any]:
        """Run *job*, keep its file system as *reference*, its result in a label."""
        with self._did(f"run {job.script}"), ExitStack() as stack:
            with uninterrupted():
                container = stack.enter_context(self._container(job))
            result = container.run(scratch, log)
            self.use(reference)
            container.commit(reference, RESULT, result)
            return result

    def build(self, build: Build, *, out: Path, log: Log) -> None:
        """Build and save an image as `interface.Daemon.build` says."""
        self.ledger.note(IMAGE, build.name, self.clock())
        builder = Builder(
            self.client,
            build,
            {OWNER: self.ledger.owner, BUILD: self.ledger.build},
            note=lambda image_id: self.ledger.note(IMAGE, image_id, self.clock()),
            forget=lambda name: self.ledger.forget(IMAGE, name),
        )
        with self._did(f"build {build.dockerfile}"):
            try:
                builder.run(log)
                with out.open("wb") as file:
                    for chunk in self.client.get_image(build.name):
                        file.write(chunk)
            finally:
                builder.clean()

    def use(self, reference: str) -> None:
        """Note that a kept image is still in use."""
        self.ledger.note(TOOLS, reference, self.clock())

    def _container(self, job: Job) -> Container:
        name = f"ship-{job.script}-{uuid.uuid4().hex}"
        labels = {OWNER: self.ledger.owner, BUILD: self.ledger.build}
        image = self._seen.get(job.image) or self.image(job.image)
        return Container(
            self.client,
            name,
            job,
            labels,
            before=lambda: self.ledger.note(CONTAINER, name, self.clock()),
            after=lambda: self.ledger.forget(CONTAINER, name),
            volumes=image.volumes if image else (),
        )

    def close(self) -> None:
        """Take away what was made ready for a job that did not come."""
        with self._did("remove a container"):
            self._standby.close()

    def remove_image(self, reference: str) -> bool:
        """Remove an image's name, and the image with its last; False when it was not there."""
        with self._did(f"remove {reference}"):
            try:
                self.client.remove_image(reference, noprune=False)
                removed = True
            except ImageNotFound:
                removed = False
        self.ledger.forget(IMAGE, reference)
        return removed

    def remove_container(self, name: str) -> bool:
        """Remove our container *name*; False when it was not there or is not ours."""
        with self._did(f"remove {name}"):
            try:
                labels = self.client.inspect_container(name)["Config"]["Labels"] or {}
                if labels.get(OWNER) != self.ledger.owner:
                    return False
                self.client.remove_container(name, v=True, force=True)
            except NotFound:
                return False
            return True
