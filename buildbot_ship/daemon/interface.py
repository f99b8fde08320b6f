"""The protocols of the Docker Engine: what verbs use of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import attrs

from ..model.decision.garbage import Entry
from ..model.job_environment import JobEnvironment
from ..model.log import Log
from ..model.reference import Reference
from ..model.request.settings import Limits

RESULT = "org.buildbot-ship.result"  # the label of a kept image, with its result as JSON


@attrs.frozen
class EngineImage:
    """An image in the engine; *digests* are the ``repository@sha256:...`` it was pulled from.

    *volumes* are the folders that it declares as volumes, *user* is empty for root, and
    *health_check* is as in the config.  *content* is that of `content_of`, in every store.
    """

    image_id: str
    digests: tuple[str, ...]
    labels: Mapping[str, str]
    environment: tuple[str, ...]
    volumes: tuple[str, ...] = ()
    health_check: tuple[str, ...] = ()
    user: str = ""
    content: str = ""

    @classmethod
    def of(cls, inspected: Mapping[str, Any]) -> EngineImage:
        """Return the image from the answer of ``GET /images/NAME/json``."""
        from ..model.image.base import content_of  # noqa: PLC0415  # few verbs need it

        config = inspected.get("Config") or {}
        return cls(
            inspected["Id"],
            tuple(inspected.get("RepoDigests") or ()),
            dict(config.get("Labels") or {}),
            environment=tuple(config.get("Env") or ()),
            volumes=tuple(config.get("Volumes") or ()),
            health_check=tuple((config.get("Healthcheck") or {}).get("Test") or ()),
            user=config.get("User") or "",
            content=content_of((inspected.get("RootFS") or {}).get("Layers") or (), config),
        )


@attrs.frozen
class JobFile:
    """One input file of a job: its *path* in the job folder, its bytes or a file with them."""

    path: str
    content: bytes | Path = attrs.field(repr=False)
    executable: bool = False


@attrs.frozen
class Job:
    """One run of ``inside/<script>.py`` in a throw-away container.

    The script is called as ``PYTHON script.py JOB_FOLDER OUT_FOLDER``.  The job folder
    contains ``job.json`` (*arguments*) and the *inputs*.  The script prints progress to
    standard output.  It writes ``result.json`` and its output files to the out folder; the
    result is ``{"ok": true, ...}``, or ``{"ok": false, "why": ..., "hint": ...}``.  With
    *network* the container reaches the outside.
    """

    script: str
    image: str
    arguments: Mapping[str, Any]
    python: str = "python3"
    inputs: tuple[JobFile, ...] = ()
    network: bool = False
    job_environment: JobEnvironment = attrs.field(factory=JobEnvironment)
    limits: Limits = attrs.field(factory=Limits)


@attrs.frozen
class Build:
    """A Dockerfile for a builder of the engine: *dockerfile* is its path in *context*, a tar.

    *name* is the image's temporary name.  *places* has the place of each step by its name, and
    *needs* those that need BuildKit.  The disk limit counts above *base*, the last stage's.
    """

    context: Path
    dockerfile: str
    name: str
    places: Mapping[str, str] = attrs.field(factory=dict)
    needs: tuple[str, ...] = ()
    base: str = ""
    limits: Limits = attrs.field(factory=Limits)
    arguments: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Service:
    """A container that runs *image* as it is: with its entry point and its user.

    Services with the same *network* share a private one, on which *name* is the DNS name.
    *arguments* follow the entry point.  *files* maps absolute paths to contents.  *volumes* are
    writable folders; all other files are read-only.  *user* is not always that of the image.
    """

    network: str
    name: str
    image: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict)
    files: Mapping[str, bytes] = attrs.field(factory=dict, repr=False)
    volumes: tuple[str, ...] = ()
    user: str = ""
    limits: Limits = attrs.field(factory=Limits)


@attrs.frozen
class ServiceState:
    """Whether a service is *running*; if not, its *exit_status*.

    *out_of_memory* is true if the kernel killed one of its processes.
    """

    running: bool
    exit_status: int = 0
    out_of_memory: bool = False


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

        None if nothing has that name.
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
        """Build an image, save it as *out*, remove it from the engine; return the builder.

        Raises BuildKitMissing, JobFailed with the step that failed, LimitExceeded.
        """

    def use(self, reference: str) -> None:
        """Note in the ledger that a kept image is in use now."""

    def remove_image(self, reference: str) -> bool:
        """Remove a name of an image, and the image with its last name; False if absent."""

    @property
    def owned(self) -> Owned:
        """Return what in the engine is ours."""
