"""The Docker Engine, and what runs in it."""

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
    """The socket is there but this user may not use it."""

    address: str
    template = "no permission to use the Docker socket at {address}"
    advice = "add the worker's user to the group that owns the socket"
    status = 21


@attrs.define(slots=False)
class EngineError(ShipError):
    """The engine refused or failed an operation."""

    what: str
    why: str
    template = "the Docker Engine could not {what}: {why}"
    advice = "read the step's log; the engine's own log has the rest"
    status = 22


@attrs.define(slots=False)
class BaseNotFound(ShipError):
    """A base image that neither engine nor registry has."""

    reference: str
    why: str
    template = "base image {reference} cannot be had: {why}"
    advice = "check the FROM line against the tags that RetagBase made"
    status = 23


@attrs.define(slots=False)
class JobFailed(ShipError):
    """A script in a throw-away container ended badly, and says why."""

    job: str
    why: str
    hint: str = "read the step's log for the tool's own output"
    advice = "{hint}"
    output: str = ""
    template = "{why}"
    status = 24

    @property
    def details(self) -> str:
        """Return the last of the tool's output."""
        return self.output


@attrs.define(slots=False)
class LimitExceeded(ShipError):
    """Something went past a limit; *option* is what raises it, if anything does."""

    what: str
    limit: str
    option: str | None = None
    template = "{what} went past the limit of {limit}"
    advice = "find out why it needs so much, or raise the option {option}"
    status = 25

    @property
    def remedy(self) -> str:
        """Return what to do about it, in one line."""
        if self.option is None:
            return "this limit is fixed: find out why so much is there"
        return super().remedy


@attrs.define(slots=False)
class HostileArchive(ShipError):
    """A container returned an archive with a member that nothing asked for."""

    member: str
    why: str
    template = "refused what a container returned: {member!r} {why}"
    advice = "find out which package or build script made it; nothing was written"
    status = 26


@attrs.define(slots=False)
class LibraryMissing(ShipError):
    """Shared libraries that an image's files need, and nothing provides: a line for each."""

    image: str
    libraries: str
    reference: str
    lines: tuple[str, ...] = ()
    template = "image {image} lacks shared libraries on {reference}: {libraries}"
    advice = (
        "derive a runtime base with the packages that have these libraries (DeriveBase); the "
        "log details has what needs them; with the option missing_libraries=report this is a "
        "warning"
    )
    status = 28

    @property
    def details(self) -> str:
        """Return what needs which library."""
        return "\n".join(self.lines)


@attrs.define(slots=False)
class BaseUnfit(ShipError):
    """A runtime base that cannot run what was built."""

    pex: str
    reference: str
    why: str
    template = "{pex} does not run on {reference}: {why}"
    advice = (
        "take a runtime base with the Python and C library of the build base, "
        "or build on a base that has those of this one"
    )
    status = 27
