"""The request of `SmokeTest`: containers on a private network, and checks of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

import attrs

from ...errors import InvalidRequest
from ..reference import Reference
from . import check
from .base import Request

SCHEMES = ("http", "tcp")
MAX_SECRET = 64 * 1024
"""Characters of one secret."""
KINDS = ("url", "command", "healthy", "exits")
"""The kinds of checks: the fields of `SmokeCheck` of which a check has exactly one."""


def _absolute(option: str, path: str) -> None:
    if not path.startswith("/") or posixpath.normpath(path) != path or path == "/":
        raise InvalidRequest(option, f"{path!r} is not an absolute path, such as /data")


def _volumes(_: object, attribute: Any, value: tuple[str, ...]) -> None:
    for path in value:
        _absolute(attribute.name, path)


def _secrets(_: object, attribute: Any, value: Mapping[str, str]) -> None:
    for path, secret in value.items():
        _absolute(attribute.name, path)
        if posixpath.dirname(path) == "/":
            why = f"{path!r} is in no folder: use a path such as /run/secrets/ship-key"
            raise InvalidRequest(attribute.name, why)
        if not 0 < len(secret) <= MAX_SECRET:
            why = f"the secret for {path} has {len(secret)} characters, not 1 to {MAX_SECRET}"
            raise InvalidRequest(attribute.name, why)


def _url(_: object, attribute: Any, value: str | None) -> None:
    if value is not None:
        split_url(value, attribute.name)


def split_url(url: str, option: str = "url") -> SplitResult:
    """Return the parts of the URL of a check.  Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname and (parts.port or parts.scheme == "http"))
    except ValueError:
        good = False
    if not good or parts.scheme not in SCHEMES or not url.isprintable() or " " in url:
        why = f"{url!r} is not of the form http://app:8080/path or tcp://app:8080"
        raise InvalidRequest(option, why)
    return parts


def is_reference(image: str) -> bool:
    """Return whether *image* is a whole reference, not the name of an image of the build."""
    return any(sign in image for sign in "/:@")


@attrs.frozen
class SmokeContainer:
    """One container of a test; *name* is its DNS name on the private network.

    *image* is an image of the build, or a reference to any other image, with a tag or digest;
    empty means *name*.  *arguments* are appended to its entry point.  *secrets* maps absolute
    paths of files to their content.  *volumes* are absolute paths of writable folders, empty
    at the start.  *user* (``1000:1000``) replaces the user of the image.
    """

    name: str = attrs.field(validator=check.image_name)
    image: str = ""
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = attrs.field(factory=dict)
    secrets: dict[str, str] = attrs.field(factory=dict, validator=_secrets, repr=False)
    volumes: tuple[str, ...] = attrs.field(default=(), validator=_volumes)
    user: str | None = None

    def __attrs_post_init__(self) -> None:
        """Check the image, and that no secret lies in a volume."""
        if self.name == "localhost":
            raise InvalidRequest("name", "localhost is every container itself: choose another")
        if self.is_foreign:
            check.reference_with_tag(None, attrs.fields(SmokeContainer).image, self.image)
        else:
            check.image_name(None, attrs.fields(SmokeContainer).image, self.image_name)
        for folder in {posixpath.dirname(path) for path in self.secrets}:
            if folder in self.volumes:
                raise InvalidRequest("volumes", f"{folder} has secrets: use another folder")

    @property
    def image_name(self) -> str:
        """Return the name of the image, or the reference."""
        return self.image or self.name

    @property
    def is_foreign(self) -> bool:
        """Return whether the image is not of this build: its name is a whole reference."""
        return is_reference(self.image)

    @property
    def reference(self) -> Reference:
        """Return the reference of a foreign image."""
        return Reference.parse(self.image)


@attrs.frozen
class SmokeCheck:
    """One check; it has one of *url*, *command*, *healthy* and *exits*.

    - *url*: a request to ``http://NAME:PORT/PATH`` gets *status* (default: 200) and *text* in
      the answer; ``tcp://NAME:PORT`` accepts a connection and, if given, sends *text*.
    - *command*: the command in the running *container* ends with *status* (default: 0).
    - *healthy*: the health check of the image of *container* passes.
    - *exits*: *container* ends with *status* (default: 0).

    *text* is in the answer, in the output of the command or in the log of the container.
    *container* may be left out if there is only one.
    """

    url: str | None = attrs.field(default=None, validator=_url)
    command: tuple[str, ...] = ()
    healthy: bool = False
    exits: bool = False
    container: str | None = None
    status: int | None = None
    text: str = ""

    def __attrs_post_init__(self) -> None:
        """Check that there is exactly one kind of check, and nothing that it does not use."""
        if len(self.kinds) != 1:
            what = " and ".join(self.kinds) or "none of them"
            why = f"a check has one of {', '.join(KINDS)}; this one has {what}"
            raise InvalidRequest("checks", why)
        if self.url is not None and self.container is not None:
            raise InvalidRequest("checks", "the url names the container: leave container out")
        unused = [name for name in ("status", "text") if getattr(self, name)]
        if self.healthy and unused:
            raise InvalidRequest("checks", f"a check of healthy takes no {unused[0]}")
        if self.status is not None and (self.url or "").startswith("tcp"):
            raise InvalidRequest("checks", "a check of tcp:// takes no status")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of checks that are given."""
        return tuple(kind for kind in KINDS if getattr(self, kind) not in (None, (), False))

    @property
    def expected_status(self) -> int:
        """Return the status that passes."""
        if self.status is not None:
            return self.status
        return 0 if self.url is None else 200

    def __str__(self) -> str:
        """Return what is checked, for messages."""
        if self.url is not None:
            return self.url
        if self.command:
            return f"the command {' '.join(self.command)!r} in {self.container}"
        return f"the {'health check' if self.healthy else 'run'} of {self.container}"


@attrs.frozen
class SystemTest:
    """Containers that run together on one private network, and the checks that must pass.

    All checks must pass within *deadline* seconds after the containers started.  After that
    the containers must keep running for *settle* seconds.
    """

    containers: tuple[SmokeContainer, ...] = attrs.field(validator=check.not_empty)
    checks: tuple[SmokeCheck, ...] = attrs.field(validator=check.not_empty)
    deadline: float = attrs.field(default=30.0, validator=check.at_least(0.1))
    settle: float = attrs.field(default=0.5, validator=check.at_least(0))

    def __attrs_post_init__(self) -> None:
        """Check the names; give every check its container."""
        if not self.images:
            why = "no container runs an image of this build"
            raise InvalidRequest("containers", why)
        names = [container.name for container in self.containers]
        for number, name in enumerate(names):
            if name in names[:number]:
                why = f"two containers have the name {name!r}: a DNS name needs one container"
                raise InvalidRequest("containers", why)
        checks = tuple(_with_container(one, names) for one in self.checks)
        object.__setattr__(self, "checks", checks)

    @property
    def images(self) -> tuple[str, ...]:
        """Return the names of the images of this build, each once."""
        own = (each.image_name for each in self.containers if not each.is_foreign)
        return tuple(dict.fromkeys(own))


def _with_container(one: SmokeCheck, names: list[str]) -> SmokeCheck:
    """Return the check with the name of its container.  Raises InvalidRequest."""
    if one.url is not None:
        name = split_url(one.url).hostname
    else:
        name = one.container or (names[0] if len(names) == 1 else None)
    if name is None:
        raise InvalidRequest("checks", f"name its container: one of {', '.join(names)}")
    if name not in names:
        why = f"{name!r} is not one of the containers {', '.join(names)}"
        raise InvalidRequest("checks", why)
    return one if one.url is not None else attrs.evolve(one, container=name)


@attrs.frozen
class SmokeRequest(Request):
    """Run *tests* with the images that were built for the commit, all at the same time."""

    verb: ClassVar[str] = "smoke"
    tests: tuple[SystemTest, ...] = attrs.field(validator=check.not_empty)
    revision: str = attrs.field(default="HEAD", validator=check.revision)

    @property
    def images(self) -> Iterator[str]:
        """Yield the names of the images of this build, each once."""
        yield from dict.fromkeys(name for test in self.tests for name in test.images)
