"""The protocols of the Docker Engine: what verbs use of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from ...model.decision.garbage import Entry
from ...model.log import Log
from ...model.reference import Reference
from .values import Build, EngineImage, Job, Service, ServiceState

RESULT = "org.buildbot-ship.result"  # the label of a kept image, with its result as JSON


class RunningServices(Protocol):
    """Services that were started; each service is identified by itself."""

    def state(self, service: Service) -> ServiceState:
        """Return the state of a service."""

    def execute(self, service: Service, command: Sequence[str]) -> tuple[int, str]:
        """Run a command in the container of a service; return exit status and output."""

    def log(self, service: Service) -> str:
        """Return the end of what a service wrote to standard output and standard error."""

    def run(self, network: str, job: Job, *, out: Path, log: Log) -> dict[str, Any]:
        """Run *job* in a container on the private *network*; see `Daemon.run`."""


class Owned(Protocol):
    """Containers, networks and images in the engine that may be ours."""

    def owns(self, entry: Entry) -> bool | None:
        """Return whether label and ledger agree that what *entry* names is ours.

        Return None if nothing has that name.
        """

    def labelled(self) -> tuple[tuple[str, str], ...]:
        """Return kind and name of everything in the engine that has our label."""

    def remove_container(self, name: str) -> bool:
        """Stop and remove a container; return False if it is absent or not ours."""

    def remove_network(self, name: str) -> bool:
        """Remove a network without containers; return False if it is absent or not ours."""


class Daemon(Protocol):
    """The engine.  Every method may raise EngineUnavailable, EngineForbidden, EngineError."""

    def platform(self) -> str:
        """Return the engine's platform, as an image index names it: ``linux/amd64``."""

    def image(self, reference: str) -> EngineImage | None:
        """Return the image with this reference or image ID, or None."""

    def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
        """Pull an image; note a *temporary* one in the ledger, for garbage collection.

        Raises BaseNotFound.
        """

    def tag(self, image_id: str, reference: Reference, *, temporary: bool = True) -> None:
        """Tag an image; note a *temporary* tag in the ledger, for garbage collection."""

    def push(self, reference: Reference) -> str:
        """Push a tagged image; return the digest that its registry reported."""

    def load(self, archive: Path, images: Mapping[str, tuple[str, ...]]) -> None:
        """Load an image archive, whose *images* have temporary names.

        For each name there are the IDs that the image may get: the digest of its config, or
        that of its manifest, depending on the engine.
        """

    def run(
        self, job: Job, *, out: Path, log: Log, prepare_next: bool = False
    ) -> dict[str, Any]:
        """Run *job*; write its output files to the empty folder *out*; return its result.

        With *prepare_next* the engine starts a standby container for the next job while this
        one runs: same image, same limits.  The container of the job is removed in every case;
        after a success, `close` waits for the removal.  Raises JobFailed with the script's
        message, LimitExceeded, HostileArchive.
        """

    def serve(
        self, services: Sequence[Service], jobs: Mapping[str, Job] | None = None
    ) -> AbstractContextManager[RunningServices]:
        """Start all services at once; remove them and their networks at the end.

        The containers of *jobs*, by network, start with the services: `RunningServices.run`
        then runs one of these jobs without waiting for its container.
        Containers have no capabilities, a read-only root and no network but their private
        one.  Raises ServiceNotStarted.
        """

    def prepare_container(self, job: Callable[[], Job | None]) -> None:
        """Start a standby container, in a thread, for a job like the one that *job* returns.

        The thread calls *job*; None means that no container is needed.  An error is ignored:
        the job then starts its own container and reports the error if it persists.
        """

    def close(self) -> None:
        """Remove a standby container that no job took; wait for all removals."""

    def keep(self, job: Job, reference: str, *, scratch: Path, log: Log) -> dict[str, Any]:
        """Run *job* and commit its container as the image *reference*; return the result.

        The label `RESULT` of the image holds the result as JSON.
        """

    def build(self, build: Build, *, out: Path, log: Log) -> str:
        """Build an image, save it as the archive *out*, and remove it from the engine.

        Return the builder: ``buildkit`` or ``classic``.  Raises BuildKitMissing, JobFailed
        with the step that failed, LimitExceeded.
        """

    def use(self, reference: str) -> None:
        """Note in the ledger that a kept image is in use now."""

    def remove_image(self, reference: str) -> bool:
        """Remove a name of an image, and the image with its last name; False if absent."""

    @property
    def owned(self) -> Owned:
        """Return what in the engine is ours."""
