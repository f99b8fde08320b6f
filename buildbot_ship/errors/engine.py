"""Errors of the Docker Engine, its containers, and base images."""

from __future__ import annotations

import attrs

from .base import ShipError


@attrs.define(slots=False)
class EngineUnavailable(ShipError):
    """No engine answers on the socket."""

    address: str
    why: str
    template = "no Docker Engine answers at {address}: {why}"
    advice = (
        "start the engine, mount its socket into the worker "
        "(-v /var/run/docker.sock:/var/run/docker.sock), or set DOCKER_HOST"
    )
    status = 20
    transient = True


@attrs.define(slots=False)
class EngineForbidden(ShipError):
    """The socket exists, but this user may not use it; its *group* may."""

    address: str
    group: str = ""
    template = "no permission to use the Docker socket at {address}"
    advice = "add the worker's user to the group that owns the socket"
    status = 21

    @property
    def remedy(self) -> str:
        """Return the remedy in one line, with the group if it is known."""
        if not self.group:
            return super().remedy
        command = f"sudo usermod -aG {self.group} USER"
        return f"{super().remedy}: {command}; then log in again, or restart the worker"


@attrs.define(slots=False)
class EngineUnfit(ShipError):
    """An engine answers, but it cannot do what builds need."""

    address: str
    why: str
    template = "the engine at {address} cannot be used: {why}"
    advice = "use an engine that docs/engines.md lists, for example the Docker Engine as root"
    status = 47


@attrs.define(slots=False)
class BuildKitMissing(ShipError):
    """A Dockerfile needs BuildKit, which the engine does not offer; *lines* has each place."""

    what: str
    why: str
    lines: tuple[str, ...] = ()
    template = "{what} needs BuildKit, which the engine does not offer: {why}"
    advice = (
        "use Docker Engine 23 or later (28 with the containerd store); if DOCKER_BUILDKIT is "
        "0, set it to 1 in the environment of the worker; or write the Dockerfile without it"
    )
    status = 48

    @property
    def details(self) -> str:
        """Return every line that needs BuildKit."""
        return "\n".join(self.lines)


@attrs.define(slots=False)
class DockerClientMissing(ShipError):
    """A line mounts a secret, which only Docker's command line can pass to BuildKit."""

    what: str
    why: str
    template = "{what} mounts a secret, which needs Docker's command line with BuildKit: {why}"
    advice = (
        "install it on the worker: docker-cli and docker-buildx of Debian, or docker-ce-cli "
        "and docker-buildx-plugin of Docker; or write the Dockerfile without secrets"
    )
    status = 49


@attrs.define(slots=False)
class EngineError(ShipError):
    """The engine refused an operation, or failed at it."""

    what: str
    why: str
    template = "the Docker Engine could not {what}: {why}"
    advice = "read the step's log, then the engine's log, for example journalctl -u docker"
    status = 22


class EngineFull(EngineError):
    """The disk of the engine is full."""

    template = "the disk of the Docker Engine is full, it could not {what}: {why}"
    advice = (
        "free space on the engine's disk, for example with docker system prune, or move its "
        "data root to a larger one"
    )
    status = 39


@attrs.define(slots=False)
class BaseNotFound(ShipError):
    """Neither the engine nor the registry has the base image."""

    reference: str
    why: str
    template = "base image {reference} is not available: {why}"
    advice = (
        "correct the FROM line: name a tag that RetagBase or DeriveBase pushed; "
        "buildbot-ship pin writes the newest one"
    )
    status = 23


@attrs.define(slots=False)
class JobFailed(ShipError):
    """A script in a throw-away container failed and reported *why*."""

    job: str
    why: str
    hint: str = "read the step's log for the tool's own output"
    advice = "{hint}"
    output: str = ""
    template = "{why}"
    status = 24

    @property
    def details(self) -> str:
        """Return the end of the tool's output."""
        return self.output


@attrs.define(slots=False)
class LimitExceeded(ShipError):
    """Something exceeded a limit; *option* names the option that raises it, if there is one."""

    what: str
    limit: str
    option: str | None = None
    template = "{what} exceeded the limit of {limit}"
    advice = "find out why it needs so much, or raise the option {option}"
    status = 25

    @property
    def remedy(self) -> str:
        """Return the remedy in one line."""
        if self.option is None:
            return "no option raises this limit: find out why there is so much, and remove it"
        return super().remedy


@attrs.define(slots=False)
class HostileArchive(ShipError):
    """A container returned an archive with a member that is unsafe to unpack."""

    member: str
    why: str
    template = "refused the archive that a container returned: {member!r} {why}"
    advice = "find the package or build script that wrote it; nothing was unpacked"
    status = 26


@attrs.define(slots=False)
class LibraryMissing(ShipError):
    """An image lacks shared libraries that its files need; *lines* has one line for each."""

    image: str
    libraries: str
    reference: str
    lines: tuple[str, ...] = ()
    template = "image {image} lacks shared libraries on {reference}: {libraries}"
    advice = (
        "derive a runtime base that installs these libraries (DeriveBase); the log details "
        "lists the files that need them; to get a warning instead, set "
        "missing_libraries=report"
    )
    status = 28

    @property
    def details(self) -> str:
        """Return each library with the file that needs it."""
        return "\n".join(self.lines)


@attrs.define(slots=False)
class BaseUnfit(ShipError):
    """The runtime base cannot run a pex that was built on the build base."""

    pex: str
    reference: str
    why: str
    template = "{pex} does not run on {reference}: {why}"
    advice = (
        "use a build base and a runtime base with the same Python version and C library; "
        "change the FROM line of one of them"
    )
    status = 27


@attrs.define(slots=False)
class ServiceNotStarted(ShipError):
    """The engine could not start the container of a service."""

    name: str
    image: str
    why: str
    template = "container {name} of image {image} did not start: {why}"
    advice = (
        "correct the entry point and the user of the image, and the arguments, secrets and "
        "volumes of the container"
    )
    status = 29
