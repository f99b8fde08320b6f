"""What verbs ask of the Docker Engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs

from ..model.job_environment import JobEnvironment
from ..model.log import Log
from ..model.reference import Reference
from ..model.request.settings import Limits

RESULT = "org.buildbot-ship.result"
"""The label in which a kept image carries the result of the job that made it."""


@attrs.frozen
class EngineImage:
    """An image in the engine; *digests* are ``repository@sha256:...`` as it was pulled.

    *volumes* are the folders that it declares as such.
    """

    image_id: str
    digests: tuple[str, ...]
    labels: Mapping[str, str]
    environment: tuple[str, ...]
    volumes: tuple[str, ...] = ()

    @classmethod
    def of(cls, inspected: Mapping[str, Any]) -> EngineImage:
        """Return an image as the engine describes it."""
        config = inspected.get("Config") or {}
        return cls(
            image_id=inspected["Id"],
            digests=tuple(inspected.get("RepoDigests") or ()),
            labels=dict(config.get("Labels") or {}),
            environment=tuple(config.get("Env") or ()),
            volumes=tuple(config.get("Volumes") or ()),
        )


@attrs.frozen
class JobFile:
    """One file that a job gets: its path in the job folder, and its bytes or where they are."""

    path: str
    content: bytes | Path = attrs.field(repr=False)
    executable: bool = False


@attrs.frozen
class Job:
    """One run of ``inside/<script>.py`` in a throw-away container.

    The script is called as ``PYTHON script.py JOB_FOLDER OUT_FOLDER``.  The job folder
    holds ``job.json`` (*arguments*) and the *inputs*.  What it says for
    people goes to standard output.  It leaves ``result.json`` and its files in the out
    folder: ``{"ok": true, ...}``, or ``{"ok": false, "why": ..., "hint": ...}``.
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
    """One Dockerfile for the engine's builder: *dockerfile* is its path in *context*, a tar.

    The image is called *name* until it is saved.  *steps* says where every instruction
    stands, for messages.  *arguments* are build arguments.
    """

    context: Path
    dockerfile: str
    name: str
    steps: tuple[str, ...] = ()
    limits: Limits = attrs.field(factory=Limits)
    arguments: Mapping[str, str] = attrs.field(factory=dict)


class Daemon(Protocol):
    """The engine.  Every call may raise EngineUnavailable, EngineForbidden, EngineError."""

    def platform(self) -> str:
        """Return what the engine runs, as image indexes name it: ``linux/amd64``."""

    def image(self, reference: str) -> EngineImage | None:
        """Return the image with this reference or image ID, or None."""

    def pull(self, reference: Reference, *, temporary: bool = False) -> EngineImage:
        """Fetch an image; a *temporary* one is the collector's, should we not remove it.

        Raises BaseNotFound.
        """

    def tag(self, image_id: str, reference: Reference) -> None:
        """Give an image one more name."""

    def push(self, reference: Reference) -> str:
        """Push a tagged image; return the digest that its registry reported."""

    def load(self, archive: Path, loaded_as: str) -> None:
        """Load an image archive; it is temporary, under the name *loaded_as*."""

    def run(
        self, job: Job, *, out: Path, log: Log, prepare_next: bool = False
    ) -> dict[str, Any]:
        """Run *job*; fill the empty folder *out* with its files; return its result.

        With *prepare_next* a container is started for the next job while this one runs, in the
        same image and with the same limits.  Raises JobFailed
        with what the script said, LimitExceeded, HostileArchive.  The
        container is gone at the end, however it ends; after a success at `close`.
        """

    def prepare_container(self, job: Callable[[], Job | None]) -> None:
        """Begin to make a container ready for a job like the one that *job* returns.

        It is called meanwhile, and returns None where nothing is to be made ready.  A fault
        is left to the job that comes.
        """

    def close(self) -> None:
        """Take away what was made ready for a job that did not come."""

    def keep(self, job: Job, reference: str, *, scratch: Path, log: Log) -> dict[str, Any]:
        """Run *job* and keep its container's file system as image *reference*.

        The result is returned, and stands as JSON in the image's label `RESULT`.
        """

    def build(self, build: Build, *, out: Path, log: Log) -> None:
        """Build an image, save it as the archive *out*, and leave nothing in the engine.

        Raises JobFailed with the step that failed, LimitExceeded.
        """

    def use(self, reference: str) -> None:
        """Note that a kept image is still in use."""

    def remove_image(self, reference: str) -> bool:
        """Remove an image's name, and the image with its last; False when it was not there."""

    def remove_container(self, name: str) -> bool:
        """Stop and remove a container; False when it was not there."""
