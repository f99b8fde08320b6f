"""Requests of the verbs that ship a commit: check, wheels, pex, image, push and others."""

from __future__ import annotations

from typing import ClassVar

import attrs
from attrs.validators import optional

from . import check, selection
from .base import Request
from .smoke import SystemTest

LAYOUTS = ("layered", "zipapp")
MISSING_LIBRARIES = REPORT, FAIL, IGNORE = "report", "fail", "ignore"
"""The action if an image lacks shared libraries."""
CONFLICTS = ("report", "fail", "ignore")
"""The action if packages of a pex install one path with different content."""
CONFLICTS_TEXT = "conflicts.txt"
"""The name of the log that lists these paths."""


@attrs.frozen
class WheelsRequest(Request):
    """Build the wheelhouse of a commit; *packages* are the folders of its own packages.

    *strict* may be a lock file of another tool; then *extras* and *groups* are those to take.
    With *lazy* a cached wheel stays in the cache until a later verb reads it.
    """

    verb: ClassVar[str] = "wheels"
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    build_lock: str = attrs.field(default="requirements.build.txt", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)
    packages: tuple[str, ...] = attrs.field(default=(), validator=check.paths)
    lazy: bool = False
    extras: tuple[str, ...] = attrs.field(default=(), validator=selection.names)
    groups: tuple[str, ...] = attrs.field(default=(), validator=selection.names)


@attrs.frozen
class PexRequest(Request):
    """Build the pex *name* from *requirements* and their dependencies in the wheelhouse.

    Its entry point is *module* (as ``python -m``) or the console script *script*, not both.
    *layout* is ``layered`` (a launcher, and files that images get as layers) or ``zipapp``
    (one file that has everything).  *conflicts* is the action if packages install one path
    with different content: ``report``, ``fail`` or ``ignore``.
    """

    verb: ClassVar[str] = "pex"
    name: str = attrs.field(validator=check.file_name)
    requirements: tuple[str, ...] = attrs.field(validator=check.requirement_names)
    module: str | None = attrs.field(default=None, validator=optional(check.module))
    script: str | None = attrs.field(default=None, validator=optional(check.script))
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    layout: str = attrs.field(default="layered", validator=check.one_of(*LAYOUTS))
    conflicts: str = attrs.field(default="report", validator=check.one_of(*CONFLICTS))

    def __attrs_post_init__(self) -> None:
        """Raise InvalidRequest for more than one entry point."""
        check.at_most_one(module=self.module, script=self.script)


@attrs.frozen
class ImageRequest(Request):
    """Build one runtime image from ``<image>.docker`` and the files that it copies.

    With *load* the image is loaded into the engine under a temporary name.
    *missing_libraries* is the action if it lacks a shared library: ``report``, ``fail`` or
    ``ignore``.  *build_secrets* are for ``RUN --mount=type=secret``, by id.
    """

    verb: ClassVar[str] = "image"
    image: str = attrs.field(validator=check.image_name)
    dockerfile: str = attrs.field(validator=check.path)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    source: str | None = None
    labels: dict[str, str] = attrs.field(factory=dict)
    load: bool = False
    missing_libraries: str = attrs.field(
        default=REPORT, validator=check.one_of(*MISSING_LIBRARIES)
    )
    build_secrets: dict[str, str] = attrs.field(
        factory=dict, validator=selection.secrets, repr=False
    )

    @dockerfile.default
    def _named_like_the_image(self) -> str:
        return f"{self.image}.docker"


@attrs.frozen
class PushRequest(Request):
    """Push an image to *repository* with the full commit hash as its tag.

    Then record the cache key *publication*, if given, so that FindPublished finds the image.
    With *tested*, refuse an image that no SmokeTest of this commit has passed.  *claim_remote*
    is the name or URL of a git remote where the push claims the tag first.  With *take_over*, a
    claim of another image is replaced if the tag does not exist.
    """

    verb: ClassVar[str] = "push"
    image: str = attrs.field(validator=check.image_name)
    repository: str = attrs.field(validator=check.repository)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    publication: str | None = attrs.field(default=None, validator=optional(check.publication))
    tested: bool = False
    claim_remote: str = attrs.field(default="", validator=check.remote)
    take_over: bool = False


@attrs.frozen
class CheckRequest(Request):
    """Check that the strict file and the build lock of a commit are up to date.

    *no_binary*, *only_binary*, *extras* and *groups* are the options of `HardenRequest`.
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
    extras: tuple[str, ...] = attrs.field(default=(), validator=selection.names)
    groups: tuple[str, ...] = attrs.field(default=(), validator=selection.names)


@attrs.frozen
class FindRequest(Request):
    """Find out whether the images of these requests are published already.

    If not, run *check*.  *tests* are those that the images passed before they were pushed.
    """

    verb: ClassVar[str] = "find"
    wheels: WheelsRequest
    pexes: tuple[PexRequest, ...] = attrs.field(validator=check.not_empty)
    images: tuple[ImageRequest, ...] = attrs.field(validator=check.not_empty)
    pushes: tuple[PushRequest, ...] = attrs.field(validator=check.not_empty)
    check: CheckRequest | None = None
    tests: tuple[SystemTest, ...] = ()


@attrs.frozen
class BuildRequest(Request):
    """Run wheels, pex, image and push in one process; with *dry_run*, only plan it."""

    verb: ClassVar[str] = "build"
    wheels: WheelsRequest
    pexes: tuple[PexRequest, ...] = attrs.field(validator=check.not_empty)
    images: tuple[ImageRequest, ...] = attrs.field(validator=check.not_empty)
    pushes: tuple[PushRequest, ...] = ()
    dry_run: bool = False

    @property
    def has_layered_pex(self) -> bool:
        """Return whether one process builds the wheels and the layers of a pex."""
        return any(pex.layout == "layered" for pex in self.pexes)


@attrs.frozen
class VerifyRequest(Request):
    """Repeat the builds of these requests, and compare the bytes."""

    verb: ClassVar[str] = "verify"
    wheels: WheelsRequest
    pexes: tuple[PexRequest, ...] = ()
    images: tuple[ImageRequest, ...] = ()
