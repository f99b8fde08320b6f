"""What verbs ask the Docker Engine for, and what it tells of images and services."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...model.job_environment import JobEnvironment
from ...model.request.settings import Limits


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
        from ...model.image.base import content_of  # noqa: PLC0415  # few verbs need it

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

    *name* is the temporary name of the image.  *places* has the place of each step by the name
    that a builder gives it, and *needs* has what needs BuildKit, with its place.  *arguments*
    are build arguments, all for proxies.  *secrets* has those of the lines that mount some, by
    id, and is None if no line does.  The disk limit counts what lies above *base*, that of the
    last stage.
    """

    context: Path
    dockerfile: str
    name: str
    places: Mapping[str, str] = attrs.field(factory=dict)
    needs: tuple[str, ...] = ()
    base: str = ""
    limits: Limits = attrs.field(factory=Limits)
    arguments: Mapping[str, str] = attrs.field(factory=dict)
    secrets: Mapping[str, str] | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Service:
    """A container that runs *image* as it is: with its entry point and its user.

    Services with the same *network* share a private one, on which *name* is the DNS name.
    *arguments* are appended to the entry point.  *files* maps absolute paths to contents.
    *volumes* are writable folders; all other files are read-only.  *user* is that of the image
    or another one.
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
