"""What a user configured, on its way to a verb: frozen, JSON, with a schema number.

A step renders its options into a Request and sends it in an Envelope on the standard
input of ``buildbot-ship VERB``; the command line makes the same from its arguments.
Paths in a request are relative to the top of the repository, with ``/``.
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from . import check
from .settings import CacheOptions, Credential, Index, Limits

SCHEMA = 1
LAYOUTS = ("layered", "zipapp")


@attrs.frozen
class Request:
    """The part that every verb's request has."""

    verb: ClassVar[str]


@attrs.frozen
class BaseCopy:
    """One base image to own: *source* is a reference, *destination* a repository."""

    source: str = attrs.field(validator=check.reference_with_tag)
    destination: str = attrs.field(validator=check.repository)


@attrs.frozen
class RetagRequest(Request):
    """Copy each upstream image under one timestamp tag.

    *through* is ``registry`` (bytes from registry to registry), ``engine`` (pull, tag,
    push), or ``auto``: the registry where the worker reaches the source.
    """

    verb: ClassVar[str] = "retag"
    copies: tuple[BaseCopy, ...] = attrs.field(validator=check.apart)
    through: str = attrs.field(
        default="auto", validator=check.one_of("auto", "registry", "engine")
    )


@attrs.frozen
class PinRequest(Request):
    """Move FROM lines to newer own bases; no *dockerfiles*: every ``*.docker`` at the top."""

    verb: ClassVar[str] = "pin"
    dockerfiles: tuple[str, ...] = attrs.field(default=(), validator=check.paths)


@attrs.frozen
class ProposeRequest(Request):
    """Push what was generated as a branch for review.

    The branch is *prefix*, *topic*, a number and a digest of the change.  *files* are
    patterns of paths, *target* is the branch that the proposal is for, *remote* the name
    or URL of its server.  *known_hosts* are lines as ssh has them.  With *again*, also a
    proposal whose branch somebody deleted is made.
    """

    verb: ClassVar[str] = "propose"
    topic: str = attrs.field(validator=check.topic)
    files: tuple[str, ...] = attrs.field(validator=[check.not_empty, check.paths])
    message: str = attrs.field(validator=check.message)
    target: str = attrs.field(default="main", validator=check.revision)
    remote: str = attrs.field(default="origin", validator=check.remote)
    prefix: str = attrs.field(default="ship/", validator=check.branch_prefix)
    author: str = attrs.field(
        default="buildbot-ship <buildbot-ship@localhost>", validator=check.author
    )
    push_options: tuple[str, ...] = attrs.field(default=(), validator=check.push_options)
    known_hosts: str = ""
    again: bool = False


@attrs.frozen
class HardenRequest(Request):
    """Write the strict file and the build lock from the loose file and own packages.

    *upgrade* is ``all``, ``nothing`` (pins stay, as far as the loose files allow), or the
    names of what may be newer, separated by commas.
    """

    verb: ClassVar[str] = "harden"
    loose: str = attrs.field(default="requirements.loose.txt", validator=check.path)
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    build_lock: str = attrs.field(default="requirements.build.txt", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)
    packages: tuple[str, ...] = attrs.field(default=(), validator=check.paths)
    upgrade: str = attrs.field(default="all", validator=check.upgrade)


@attrs.frozen
class CheckRequest(Request):
    """Tell whether a commit's strict file and build lock follow from what it asks for."""

    verb: ClassVar[str] = "check"
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    loose: str = attrs.field(default="requirements.loose.txt", validator=check.path)
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    build_lock: str = attrs.field(default="requirements.build.txt", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)
    packages: tuple[str, ...] = attrs.field(default=(), validator=check.paths)


@attrs.frozen
class WheelsRequest(Request):
    """Make the wheelhouse of a commit; *packages* are folders of its own packages.

    With *lazy* a wheel that is known is not put into the work folder before a later verb
    has to read it.
    """

    verb: ClassVar[str] = "wheels"
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    build_lock: str = attrs.field(default="requirements.build.txt", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)
    packages: tuple[str, ...] = attrs.field(default=(), validator=check.paths)
    lazy: bool = False


@attrs.frozen
class PexRequest(Request):
    """Make one pex, *name*, of some *requirements* of the wheelhouse and what they need.

    It runs *module* (as ``python -m``) or the console script *script*, never both.
    *layout* is ``layered`` (a launcher, and plain trees that images get as layers) or
    ``zipapp`` (one file that holds all).
    """

    verb: ClassVar[str] = "pex"
    name: str = attrs.field(validator=check.file_name)
    requirements: tuple[str, ...] = attrs.field(validator=check.requirement_names)
    module: str | None = attrs.field(default=None, validator=check.optional_module)
    script: str | None = attrs.field(default=None, validator=check.optional_script)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    layout: str = attrs.field(default="layered", validator=check.one_of(*LAYOUTS))

    def __attrs_post_init__(self) -> None:
        """Raise InvalidRequest unless there is at most one entry point."""
        check.at_most_one(module=self.module, script=self.script)


@attrs.frozen
class ImageRequest(Request):
    """Assemble one runtime image from ``<image>.docker`` and the files it copies.

    With *load* the engine gets it, under a temporary name.
    """

    verb: ClassVar[str] = "image"
    image: str = attrs.field(validator=check.image_name)
    dockerfile: str = attrs.field(validator=check.path)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    source: str | None = None
    labels: dict[str, str] = attrs.field(factory=dict)
    load: bool = True

    @dockerfile.default
    def _named_like_the_image(self) -> str:
        return f"{self.image}.docker"


@attrs.frozen
class PushRequest(Request):
    """Publish an assembled image in *repository* under the full commit hash."""

    verb: ClassVar[str] = "push"
    image: str = attrs.field(validator=check.image_name)
    repository: str = attrs.field(validator=check.repository)
    revision: str = attrs.field(default="HEAD", validator=check.revision)


@attrs.frozen
class GarbageRequest(Request):
    """Remove what dead builds left; with *finish*, also what this build made.

    The worker's cache gives up what was of use longest ago, to hold *cache_size* bytes.
    """

    verb: ClassVar[str] = "gc"
    finish: bool = False
    cache_size: int = attrs.field(default=10 * 1024**3, validator=check.at_least(0))
    older_than_hours: float = attrs.field(default=24.0, validator=check.at_least(0))
    tools_older_than_days: float = attrs.field(default=30.0, validator=check.at_least(0))


@attrs.frozen
class BuildRequest(Request):
    """The chain from wheels to push, in one process."""

    verb: ClassVar[str] = "build"
    wheels: WheelsRequest
    pexes: tuple[PexRequest, ...] = attrs.field(validator=check.not_empty)
    images: tuple[ImageRequest, ...] = attrs.field(validator=check.not_empty)
    pushes: tuple[PushRequest, ...] = ()


@attrs.frozen
class VerifyRequest(Request):
    """Build what these requests built a second time, and compare the bytes."""

    verb: ClassVar[str] = "verify"
    wheels: WheelsRequest
    pexes: tuple[PexRequest, ...] = ()
    images: tuple[ImageRequest, ...] = ()


REQUESTS: dict[str, type[Request]] = {
    request.verb: request
    for request in (
        RetagRequest,
        PinRequest,
        ProposeRequest,
        HardenRequest,
        CheckRequest,
        WheelsRequest,
        PexRequest,
        ImageRequest,
        PushRequest,
        GarbageRequest,
        BuildRequest,
        VerifyRequest,
    )
}


@attrs.frozen
class Envelope:
    """A request and what travels with it, as the worker reads it from standard input.

    *build* names the build that temporary things belong to; *work* is the folder on the
    worker, outside the checkout, where one verb leaves what the next one reads.
    """

    request: Request
    build: str = attrs.field(validator=check.build_name)
    work: str
    index: Index = attrs.field(factory=Index)
    limits: Limits = attrs.field(factory=Limits)
    cache: CacheOptions = attrs.field(factory=CacheOptions)
    credentials: tuple[Credential, ...] = ()
    schema: int = SCHEMA

    @property
    def verb(self) -> str:
        """Return the verb of the request."""
        return self.request.verb
