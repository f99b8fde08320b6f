"""Requests of the verbs that maintain bases, requirements, proposals and caches."""

from __future__ import annotations

from typing import ClassVar

import attrs

from . import check
from .base import Request


@attrs.frozen
class BaseCopy:
    """One base image to copy: *source* is a reference, *destination* your own repository."""

    source: str = attrs.field(validator=check.reference_with_tag)
    destination: str = attrs.field(validator=check.repository)


@attrs.frozen
class RetagRequest(Request):
    """Copy upstream images to own repositories; all copies get the same timestamp tag.

    *through* is ``registry`` (copy from registry to registry), ``engine`` (pull, tag, push), or
    ``auto`` (``registry`` if the worker reaches the source, else ``engine``).
    """

    verb: ClassVar[str] = "retag"
    copies: tuple[BaseCopy, ...] = attrs.field(validator=check.distinct_destinations)
    through: str = attrs.field(
        default="auto", validator=check.one_of("auto", "registry", "engine")
    )


@attrs.frozen
class DerivedBase:
    """One base to derive: *source* is its Dockerfile, *destination* its repository."""

    source: str = attrs.field(validator=check.path)
    destination: str = attrs.field(validator=check.repository)


@attrs.frozen
class DeriveRequest(Request):
    """Build each base from its Dockerfile if its inputs changed.

    A base older than *older_than_days* is always rebuilt: its RUN lines may install newer
    packages.  *source* is the URL of the repository, for a label.
    """

    verb: ClassVar[str] = "derive"
    bases: tuple[DerivedBase, ...] = attrs.field(validator=check.distinct_destinations)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    older_than_days: float = attrs.field(default=7.0, validator=check.at_least(0))
    source: str | None = None


@attrs.frozen
class PinRequest(Request):
    """Update FROM lines to newer owned bases; by default in every ``*.docker`` at the top."""

    verb: ClassVar[str] = "pin"
    dockerfiles: tuple[str, ...] = attrs.field(default=(), validator=check.paths)


@attrs.frozen
class ProposeRequest(Request):
    """Push changed files as a branch for review.

    The branch name consists of *prefix*, *topic*, a number and a digest of the change.  *files*
    are path patterns, *target* is the branch to merge into, *remote* is the name or URL of the
    git server.  *known_hosts* has lines in ssh's format.  With *again*, a proposal is pushed
    again even if somebody deleted its branch.
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

    *upgrade* is ``all``, ``nothing`` (keep the pins that the loose files allow), or the names
    of packages to upgrade, separated by commas.  *no_binary* and *only_binary* have the syntax
    of pip's options.
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
    """Remove the leftovers of dead builds; with *finish*, also those of this build.

    The worker's cache is reduced to *cache_size* bytes: least recently used entries go first.
    """

    verb: ClassVar[str] = "gc"
    finish: bool = False
    cache_size: int = attrs.field(default=10 * 1024**3, validator=check.at_least(0))
    older_than_hours: float = attrs.field(default=24.0, validator=check.at_least(0))
    tools_older_than_days: float = attrs.field(default=30.0, validator=check.at_least(0))
