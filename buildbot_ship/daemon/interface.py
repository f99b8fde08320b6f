"""The Daemon protocol: the operations on the Docker Engine that verbs use."""

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
"""The label of a kept image that holds the result of its job, as JSON."""


@attrs.frozen
class EngineImage:
    """An image in the engine; *digests* are the ``repository@sha256:...`` it was pulled from.

    *volumes* are the folders that the image declares as volumes.
    """

    image_id: str
    digests: tuple[str, ...]
    labels: Mapping[str, str]
    environment: tuple[str, ...]
    volumes: tuple[str, ...] = ()

    @classmethod
    def of(cls, inspected: Mapping[str, Any]) -> EngineImage:
        """Return the image from the answer of ``GET /images/NAME/json``."""
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
    result is ``{"ok": true, ...}``, or ``{"ok": false, "why": ..., "hint": ...}``.
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
    """A Dockerfile for the engine's builder: *dockerfile* is its path in *context*, a tar.

    *name* is the temporary name of the image.  *steps* has the place of each instruction, for
    messages.  *arguments* are build arguments.
    """

    context: Path
    dockerfile: str
    name: str
    steps: tuple[str, ...] = ()
    limits: Limits = attrs.field(factory=Limits)
    arguments: Mapping[str, str] = attrs.field(factory=dict)


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

    def tag(self, image_id: str, reference: Reference) -> None:
        """Tag an image."""

    def push(self, reference: Reference) -> str:
        """Push a tagged image; return the digest that its registry reported."""

    def load(self, archive: Path, loaded_as: str) -> None:
        """Load an image archive as the temporary image *loaded_as*."""

    def run(
        self, job: Job, *, out: Path, log: Log, prepare_next: bool = False
    ) -> dict[str, Any]:
        """Run *job*; write its output files to the empty folder *out*; return its result.

        With *prepare_next* the engine starts a standby container for the next job while this
        one runs: same image, same limits.  The container of the job is removed in every case;
        after a success, `close` waits for the removal.  Raises JobFailed with the script's
        message, LimitExceeded, HostileArchive.
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

    def build(self, build: Build, *, out: Path, log: Log) -> None:
        """Build an image, save it as the archive *out*, and remove it from the engine.

        Raises JobFailed with the step that failed, LimitExceeded.
        """

    def use(self, reference: str) -> None:
        """Note in the ledger that a kept image is in use now."""

    def remove_image(self, reference: str) -> bool:
        """Remove a name of an image, and the image with its last name; False if absent."""

    def remove_container(self, name: str) -> bool:
        """Stop and remove a container; return False if there is none of that name."""
