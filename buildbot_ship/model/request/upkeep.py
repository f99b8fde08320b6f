"""What upkeep asks for: bases, requirements, proposals, and what nobody needs any more."""

from __future__ import annotations

from typing import ClassVar

import attrs

from . import check
from .base import Request


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
class DerivedBase:
    """One base to derive: *source* is its Dockerfile, *destination* its own repository."""

    source: str = attrs.field(validator=check.path)
    destination: str = attrs.field(validator=check.repository)


@attrs.frozen
class DeriveRequest(Request):
    """Build each base of its Dockerfile, if that or what it stands on has changed.

    One that is older than *older_than_days* is built anew all the same: what its RUN lines
    install may have changed.  *source* is the address of the repository, for a label.
    """

    verb: ClassVar[str] = "derive"
    bases: tuple[DerivedBase, ...] = attrs.field(validator=check.apart)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    older_than_days: float = attrs.field(default=7.0, validator=check.at_least(0))
    source: str | None = None


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
    names of what may be newer, separated by commas.  *no_binary* and *only_binary* name
    packages as pip's options do.
    """

    verb: ClassVar[str] = "harden"
    loose: str = attrs.field(default="requirements.loose.txt", validator=check.path)
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    build_lock: str = attrs.field(default="requirements.build.txt", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)
    packages: tuple[str, ...] = attrs.field(default=(), validator=check.paths)
    upgrade: str = attrs.field(default="all", validator=check.upgrade)
    no_binary: str = attrs.field(default=":none:", validator=check.formats)
    only_binary: str = attrs.field(default=":none:", validator=check.formats)


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
