"""The Daemon that uses the Docker SDK: images, and jobs in throw-away containers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import attrs
from docker.errors import ImageNotFound

from ..errors import BaseNotFound, EngineError, EngineFull, RegistryUnavailable
from ..model.decision.garbage import CONTAINER, IMAGE, TOOLS
from ..model.log import Log
from ..model.reference import Reference
from ..model.request.settings import Credential
from .containers.container import ROOT, Container
from .containers.services import Services
from .containers.standby import StandbyContainer
from .images import transfer
from .images.builder import ImageBuild
from .images.multi_platform import INCOMPLETE, find_platform_image
from .interface import RESULT, Build, EngineImage, Job, Service
from .shared.connection import connect
from .shared.engine_address import find_address
from .shared.ownership import BUILD, OWNER, Ledger, Ownership
from .shared.sdk_errors import translated_errors
from .shared.signal_guard import uninterrupted

UNREACHABLE = ("connection refused", "no such host", "i/o timeout", "connection reset")
"""Parts of the engine's error messages when it cannot reach a registry."""


@attrs.define(slots=False)
class Engine:
    """The engine that *environment* names, see `find_address`.

    *api* is the version of its API (``1.43``) if it is known, which saves a request.
    """

    ledger: Ledger
    clock: Callable[[], float]
    environment: dict[str, str]
    credentials: tuple[Credential, ...] = ()
    api: str = "auto"
    _images: dict[str, EngineImage] = attrs.field(init=False, factory=dict)
    _standby: StandbyContainer = attrs.field(
        init=False,
        default=attrs.Factory(lambda self: StandbyContainer(self._container), takes_self=True),
    )

    @property
    def address(self) -> str:
        """Return the address of the engine."""
        return find_address(self.environment).url

    @cached_property
    def client(self) -> Any:
        """Return the SDK's low-level client, connected to the engine."""
        with translated_errors(self.address, "connect"):
            return connect(self.environment, self.api, 600)

    def _errors(self, action: str) -> Any:
        return translated_errors(self.address, action)

    def platform(self) -> str:
        """Return the engine's platform, as an image index names it: ``linux/amd64``."""
        with self._errors("report its version"):
            version = self.client.version()
        return f"{version['Os']}/{version['Arch']}"

    def image(self, reference: str) -> EngineImage | None:
        """Return the image with this reference or image ID, or None."""
        with self._errors(f"inspect {reference}"):
            try:
                inspected = self.client.inspect_image(reference)
            except ImageNotFound:
                return None
        self._images[reference] = EngineImage.of(inspected)
        return self._images[reference]

    def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
        """Pull an image.  Raises BaseNotFound, RegistryUnavailable, EngineFull."""
        if temporary:
            self.ledger.note(IMAGE, str(reference), self.clock())
        try:
            with self._errors(f"pull {reference}"):
                transfer.pull(self.client, reference, self.credentials)
        except EngineFull:
            raise
        except EngineError as error:
            if any(word in error.why for word in UNREACHABLE):
                raise RegistryUnavailable(reference.repository.registry, error.why) from None
            raise BaseNotFound(str(reference), error.why) from None
        image = self.image(str(reference))
        if image is None:
            raise BaseNotFound(str(reference), "the engine pulled it but does not list it")
        return image

    def tag(self, image_id: str, reference: Reference, *, temporary: bool = True) -> None:
        """Tag an image, see `interface.Daemon.tag`."""
        self.ledger.note(IMAGE, str(reference), self.clock(), (image_id,))
        with self._errors(f"tag {reference}"):
            self.client.tag(image_id, str(reference.repository), tag=reference.tag)
        if not temporary:
            self.ledger.forget(IMAGE, str(reference))

    def push(self, reference: Reference) -> str:
        """Push a tagged image; return the digest that its registry reported."""
        try:
            return self._push(reference)
        except EngineError as error:
            if INCOMPLETE not in error.why:
                raise
        with self._errors(f"export {reference}"):
            export = self.client.get_image(str(reference))
            name = find_platform_image(
                self.image(str(reference)), reference, self.platform(), export
            )
        self.tag(self.pull(name, temporary=True).image_id, reference)
        try:
            return self._push(reference)
        finally:
            self.remove_image(str(name))

    def _push(self, reference: Reference) -> str:
        with self._errors(f"push {reference}"):
            return transfer.push(self.client, reference, self.credentials)

    def load(self, archive: Path, images: Mapping[str, tuple[str, ...]]) -> None:
        """Load an image archive, see `interface.Daemon.load`."""
        for name, ids in images.items():
            self.ledger.note(IMAGE, name, self.clock(), ids)
        action = f"load {', '.join(images)}"
        with self._errors(action), archive.open("rb") as content:
            transfer.load(self.client, content, images, action)

    def prepare_container(self, job: Callable[[], Job | None]) -> None:
        """Start a standby container, see `interface.Daemon.prepare_container`."""
        self._standby.prepare(job)

    def run(
        self, job: Job, *, out: Path, log: Log, prepare_next: bool = False
    ) -> dict[str, Any]:
        """Run *job*, see `interface.Daemon.run`."""
        with self._errors(f"run {job.script}"), ExitStack() as stack:
            with uninterrupted():
                standby = self._standby.take(job)
                container = stack.enter_context(standby or self._container(job))
            if prepare_next or standby:
                container.remove_later = self._standby.remove
            on_start = partial(self._standby.prepare, lambda: job) if prepare_next else None
            return container.run(out, log, on_start)

    @contextmanager
    def serve(
        self, services: Sequence[Service], jobs: Mapping[str, Job] | None = None
    ) -> Iterator[Services]:
        """Run services, see `interface.Daemon.serve`."""
        started = Services(
            self.client,
            tuple(services),
            dict(jobs or {}),
            {OWNER: self.ledger.owner, BUILD: self.ledger.build},
            note=lambda kind, name: self.ledger.note(kind, name, self.clock()),
            forget=self.ledger.forget,
            new_job_container=self._container,
        )
        with self._errors("run the containers"), ExitStack() as stack:
            with uninterrupted():
                stack.enter_context(started)
            yield started

    def keep(self, job: Job, reference: str, *, log: Log, scratch: Path) -> dict[str, Any]:
        """Run *job* and commit its container, see `interface.Daemon.keep`."""
        with self._errors(f"run {job.script}"), ExitStack() as stack:
            with uninterrupted():
                container = stack.enter_context(self._container(job))
            result = container.run(scratch, log)
            self.use(reference)
            labels = {RESULT: json.dumps(result)}
            container.commit(reference, labels, str(result.get("user") or ROOT))
            self.image(reference)
            return result

    def build(self, build: Build, *, out: Path, log: Log) -> str:
        """Build and save an image, see `interface.Daemon.build`."""
        image = ImageBuild(
            self.client,
            build,
            {OWNER: self.ledger.owner, BUILD: self.ledger.build},
            note=lambda image_id: self.ledger.note(IMAGE, image_id, self.clock()),
            forget=lambda name: self.ledger.forget(IMAGE, name),
        )
        with self._errors(f"build {build.dockerfile}"):
            return image.run(self.environment, lambda: self._save(build.name, out), log)

    def _save(self, name: str, out: Path) -> None:
        with out.open("wb") as file:
            file.writelines(self.client.get_image(name))

    def use(self, reference: str) -> None:
        """Note in the ledger that a kept image is in use now."""
        self.ledger.note(TOOLS, reference, self.clock())

    def _container(self, job: Job, network: str = "") -> Container:
        name = f"ship-{job.script}-{uuid.uuid4().hex}"
        labels = {OWNER: self.ledger.owner, BUILD: self.ledger.build}
        image = self._images.get(job.image) or self.image(job.image)
        return Container(
            self.client,
            name,
            job,
            labels,
            on_create=lambda: self.ledger.note(CONTAINER, name, self.clock()),
            on_removed=lambda: self.ledger.forget(CONTAINER, name),
            volumes=image.volumes if image else (),
            network=network,
            user=image.user if image and RESULT in image.labels else ROOT,
        )

    def close(self) -> None:
        """Remove the standby container; wait for all removals."""
        with self._errors("remove a container"):
            self._standby.close()

    def remove_image(self, reference: str) -> bool:
        """Remove a name of an image, and the image with its last name; False if absent."""
        with self._errors(f"remove {reference}"):
            try:
                self.client.remove_image(reference, noprune=False)
                removed = True
            except ImageNotFound:
                removed = False
        self.ledger.forget(IMAGE, reference)
        return removed

    @property
    def owned(self) -> Ownership:
        """Return what in the engine is ours."""
        return Ownership(self.client, self.ledger.owner, self._errors)
