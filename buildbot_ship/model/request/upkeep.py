"""Requests of the verbs that maintain bases, requirements, proposals and caches."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import attrs

from ...errors import InvalidRequest
from . import check, selection
from .base import Request

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@~-]{0,199}")
# Tags of commits, bases and signatures never move.
_CHANNEL = re.compile(r"(?!sha256-|[0-9a-f]{40}\Z|[0-9a-f]{64}\Z)[A-Za-z][A-Za-z0-9_.-]{0,127}")
_DIGEST = r"sha256:[0-9a-f]{64}"
_IMAGE = re.compile(rf"{_DIGEST}|[0-9a-f]{{40}}|[0-9a-f]{{64}}")
_EXPECTED = re.compile(rf"{_DIGEST}|")
SECRETS_ACTIONS = ("keygen", "seal", "unseal", "rotate", "list")


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
    packages.  *source* is the URL of the repository, for a label.  *build_secrets* are for
    ``RUN --mount=type=secret``, by id.
    """

    verb: ClassVar[str] = "derive"
    bases: tuple[DerivedBase, ...] = attrs.field(validator=check.distinct_destinations)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    older_than_days: float = attrs.field(default=7.0, validator=check.at_least(0))
    source: str | None = None
    build_secrets: dict[str, str] = attrs.field(
        factory=dict, validator=selection.secrets, repr=False
    )


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


def _channel(_: object, attribute: Any, value: str) -> None:
    if not isinstance(value, str) or not _CHANNEL.fullmatch(value):
        why = f"{value!r} is not the name of a channel: write a word such as production"
        raise InvalidRequest(attribute.name, why)


def _image(_: object, attribute: Any, value: str) -> None:
    if not isinstance(value, str) or not _IMAGE.fullmatch(value):
        why = f"{value!r} is neither a digest nor the full hash of a commit"
        raise InvalidRequest(attribute.name, why)


def _expected(_: object, attribute: Any, value: str) -> None:
    if not isinstance(value, str) or not _EXPECTED.fullmatch(value):
        raise InvalidRequest(attribute.name, f"{value!r} is not a digest")


@attrs.frozen
class PromoteRequest(Request):
    """Set the tag *channel* of *repository* to *image*, which is published there already.

    *image* is a digest, or the full hash of a commit.  If *expected* is given, the channel must
    name this digest now.
    """

    verb: ClassVar[str] = "promote"
    repository: str = attrs.field(validator=check.repository)
    image: str = attrs.field(validator=_image)
    channel: str = attrs.field(default="production", validator=_channel)
    expected: str = attrs.field(default="", validator=_expected)


@attrs.frozen
class HardenRequest(Request):
    """Write the strict file and the build lock from the loose file and own packages.

    *upgrade* is ``all``, ``nothing`` (keep the pins that the loose files allow), or the names
    of packages to upgrade, separated by commas.  *no_binary* and *only_binary* have the syntax
    of pip's options.  *extras* and *groups* are those of a ``pyproject.toml`` or a lock file.

    No file younger than *cooldown* days is accepted, except for packages in *cooldown_except*.
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
    extras: tuple[str, ...] = attrs.field(default=(), validator=selection.names)
    groups: tuple[str, ...] = attrs.field(default=(), validator=selection.names)
    cooldown: float = attrs.field(default=0.0, validator=check.at_least(0))
    cooldown_except: tuple[str, ...] = attrs.field(default=(), validator=selection.names)


@attrs.frozen
class LockRequest(Request):
    """Export the strict file of the checkout as the lock file *output* (PEP 751)."""

    verb: ClassVar[str] = "lock"
    action: str = attrs.field(default="export", validator=check.one_of("export"))
    strict: str = attrs.field(default="requirements.strict.txt", validator=check.path)
    output: str = attrs.field(default="pylock.toml", validator=check.path)
    dockerfile: str = attrs.field(default="build.docker", validator=check.path)


@attrs.frozen
class GarbageRequest(Request):
    """Remove the leftovers of dead builds; with *finish*, also those of this build.

    The worker's cache is reduced to *cache_size* bytes: least recently used entries go first.
    With *dry_run* nothing is removed, and the log shows what would be.
    """

    verb: ClassVar[str] = "gc"
    finish: bool = False
    dry_run: bool = False
    cache_size: int = attrs.field(default=10 * 1024**3, validator=check.at_least(0))
    older_than_hours: float = attrs.field(default=24.0, validator=check.at_least(0))
    tools_older_than_days: float = attrs.field(default=30.0, validator=check.at_least(0))


def _secrets_folder(_: object, attribute: Any, value: str) -> None:
    """Accept the path of a folder below the top of the repository."""
    check.path(_, attribute, value)
    if "." in value.split("/"):
        why = f"{value!r} is not the path of a folder, such as secrets"
        raise InvalidRequest(attribute.name, why)


@attrs.frozen
class CheckSecretsRequest(Request):
    """Check the sealed secrets in *folder* of a commit, and search it for plain secrets.

    *key_file* is a file on the worker with a private key, to open the secrets as well.
    """

    verb: ClassVar[str] = "check-secrets"
    folder: str = attrs.field(default="secrets", validator=_secrets_folder)
    revision: str = attrs.field(default="HEAD", validator=check.revision)
    key_file: str | None = None


@attrs.frozen
class SecretsRequest(Request):
    """Make keys, and seal, open, rotate and list the secrets in *folder* of the checkout.

    *action* is one of SECRETS_ACTIONS.  *names* has the name of the recipient for ``keygen``,
    and of the secret for ``seal`` and ``unseal``.  *key_file* has a private key: ``keygen``
    writes it.  *repository* identifies the repository that the secrets belong to; the first
    ``keygen`` needs it.  *input* and *output* are files for ``seal`` and ``unseal`` instead of
    standard input and output.
    """

    verb: ClassVar[str] = "secrets"
    action: str = attrs.field(validator=check.one_of(*SECRETS_ACTIONS))
    names: tuple[str, ...] = attrs.field(default=(), validator=check.secret_names)
    folder: str = attrs.field(default="secrets", validator=_secrets_folder)
    key_file: str | None = None
    repository: str | None = None
    input: str | None = None
    output: str | None = None
    replace: bool = False

    def __attrs_post_init__(self) -> None:
        """Check that the action has the name and the key file that it needs."""
        if self.repository is not None and not _REPOSITORY.fullmatch(self.repository):
            why = f"{self.repository!r} is not of the form example.com/team/app"
            raise InvalidRequest("repository", why)
        expected = 1 if self.action in ("keygen", "seal", "unseal") else 0
        if len(self.names) != expected:
            why = f"secrets {self.action} needs {expected or 'no'} name, not {len(self.names)}"
            raise InvalidRequest("names", why)
        if self.key_file is None and self.action in ("keygen", "unseal", "rotate"):
            why = f"secrets {self.action} needs it, for example --key-file ~/prod.key"
            raise InvalidRequest("key_file", why)
