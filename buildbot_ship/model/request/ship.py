"""What shipping a commit asks for, from its requirements to push."""

from __future__ import annotations

from typing import ClassVar

import attrs

from . import check
from .base import Request

LAYOUTS = ("layered", "zipapp")
MISSING_LIBRARIES = REPORT, FAIL, IGNORE = "report", "fail", "ignore"
"""What becomes of an image that lacks shared libraries."""
CONFLICTS = ("report", "fail", "ignore")
"""What happens where packages of a pex ship one file with different content."""
CONFLICTS_TEXT = "conflicts.txt"
"""The text that names these files."""


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
    ``zipapp`` (one file that holds all).  *conflicts* tells what happens where packages ship
    the same file with different content: ``report``, ``fail`` or ``ignore``.
    """

    verb: ClassVar[str] = "pex"
    name: str = attrs.field(validator=check.file_name)
    requirements: tuple[str, ...] = attrs.field(validator=check.requirement_names)
    module: str | None = attrs.field(default=None, validator=check.optional_module)
    script: str | None = attrs.field(default=None, validator=check.optional_script)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    layout: str = attrs.field(default="layered", validator=check.one_of(*LAYOUTS))
    conflicts: str = attrs.field(default="report", validator=check.one_of(*CONFLICTS))

    def __attrs_post_init__(self) -> None:
        """Raise InvalidRequest unless there is at most one entry point."""
        check.at_most_one(module=self.module, script=self.script)


@attrs.frozen
class ImageRequest(Request):
    """Assemble one runtime image from ``<image>.docker`` and the files it copies.

    With *load* the engine gets it, under a temporary name.  *missing_libraries* tells what
    follows where it lacks a shared library: a warning, an error, or nothing.
    """

    verb: ClassVar[str] = "image"
    image: str = attrs.field(validator=check.image_name)
    dockerfile: str = attrs.field(validator=check.path)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    source: str | None = None
    labels: dict[str, str] = attrs.field(factory=dict)
    load: bool = True
    missing_libraries: str = attrs.field(
        default=REPORT, validator=check.one_of(*MISSING_LIBRARIES)
    )

    @dockerfile.default
    def _named_like_the_image(self) -> str:
        return f"{self.image}.docker"


@attrs.frozen
class PushRequest(Request):
    """Publish an assembled image in *repository* under the full commit hash.

    Then it is known under the key *publication*, if that is given, that it is published.
    """

    verb: ClassVar[str] = "push"
    image: str = attrs.field(validator=check.image_name)
    repository: str = attrs.field(validator=check.repository)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    publication: str | None = attrs.field(default=None, validator=check.optional_publication)


@attrs.frozen
class CheckRequest(Request):
    """Tell whether a commit's strict file and build lock follow from what it asks for.

    *no_binary* and *only_binary* are those of `HardenRequest`.
    """

    verb: ClassVar[str] = "check"
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    loose: str = attrs.field(default="requirements.loose.txt", validator=check.path)
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    build_lock: str = attrs.field(default="requirements.build.txt", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)
    packages: tuple[str, ...] = attrs.field(default=(), validator=check.paths)
    no_binary: str = attrs.field(default=":none:", validator=check.formats)
    only_binary: str = attrs.field(default=":none:", validator=check.formats)


@attrs.frozen
class FindRequest(Request):
    """Look whether what these requests would publish is published already.

    Where it is not, *check* is done too.
    """

    verb: ClassVar[str] = "find"
    wheels: WheelsRequest
    pexes: tuple[PexRequest, ...] = attrs.field(validator=check.not_empty)
    images: tuple[ImageRequest, ...] = attrs.field(validator=check.not_empty)
    pushes: tuple[PushRequest, ...] = attrs.field(validator=check.not_empty)
    check: CheckRequest | None = None


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
