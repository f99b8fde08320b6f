"""Parse image references, in the notation of docker and the distribution API.

Grammar: https://github.com/distribution/reference (``reference.go``).  A *reference*
is a whole address; a *repository* is a reference without tag or digest; a *tag* is
its last part; a *digest* is ``sha256:`` and 64 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
import re
from typing import IO

import attrs

from ..errors import InvalidReference

DEFAULT_REGISTRY = "docker.io"
_HOST = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
    r"|\[(?P<ipv6>[0-9a-fA-F:]+)\])(?::(?P<port>[0-9]{1,5}))?"
)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHUNK = 1 << 20


def digest_of(data: bytes) -> str:
    """Return the digest of *data*: ``sha256:`` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of_stream(stream: IO[bytes]) -> str:
    """Return the digest of the rest of *stream*, which is read in chunks."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def check_tag(tag: str) -> str:
    """Return *tag*; raise InvalidReference if it is not a tag."""
    if not _TAG.fullmatch(tag):
        raise InvalidReference(tag, "a tag has 1 to 128 characters of A-Z a-z 0-9 _ . -")
    return tag


def check_digest(digest: str) -> str:
    """Return *digest*; raise InvalidReference if it is not a digest."""
    if not _DIGEST.fullmatch(digest):
        raise InvalidReference(digest, "a digest is sha256: and 64 hexadecimal digits")
    return digest


def scheme_of(text: str) -> str:
    """Return the ``https://`` or the like with which *text* begins, empty if there is none."""
    before, slashes, _ = text.partition("://")
    return before + slashes if slashes and before.isalnum() else ""


def _is_host(text: str) -> bool:
    """Return whether *text* is a host and port; port and IPv6 address must be possible."""
    match = _HOST.fullmatch(text)
    if match is None or not 0 < int(match["port"] or 1) <= 65535:
        return False
    if match["ipv6"] is None:
        return True
    # Imported late: few registries have an address instead of a name.
    from ipaddress import AddressValueError, IPv6Address  # noqa: PLC0415

    try:
        return bool(IPv6Address(match["ipv6"]))
    except AddressValueError:
        return False


@attrs.frozen(order=True)
class Repository:
    """A repository in a registry: ``registry.example.com:5000/team/app``."""

    registry: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Parse a repository.  Raises InvalidReference."""
        reference = Reference.parse(text)
        if reference.tag or reference.digest:
            raise InvalidReference(text, "a repository has neither tag nor digest")
        return reference.repository

    def tagged(self, tag: str) -> Reference:
        """Return the reference to *tag* in this repository.  Raises InvalidReference."""
        return Reference(self, tag=check_tag(tag))

    def at(self, digest: str) -> Reference:
        """Return the reference to *digest* in this repository.  Raises InvalidReference."""
        return Reference(self, digest=check_digest(digest))

    def __str__(self) -> str:
        """Return the full name, with the registry."""
        return f"{self.registry}/{self.path}"


@attrs.frozen(order=True)
class Reference:
    """A whole address: a repository, and a tag or a digest or both."""

    repository: Repository
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Parse a reference by docker's rules.  Raises InvalidReference.

        A first part without dot or colon, other than ``localhost``, is not a registry: the
        registry is then ``docker.io``, and a single name is below ``library/``.  A missing tag
        stays missing: ``latest`` is not assumed.
        """
        if scheme := scheme_of(text):
            raise InvalidReference(text, f"leave out {scheme}")
        rest, at, digest = text.partition("@")
        if at:
            check_digest(digest)
        head, slash, tail = rest.partition("/")
        if slash and (set(".:[") & set(head) or head == "localhost"):
            registry = head
        else:
            registry, tail = DEFAULT_REGISTRY, rest
        path, colon, tag = tail.partition(":")
        if colon:
            check_tag(tag)
        if registry == DEFAULT_REGISTRY and "/" not in path:
            path = f"library/{path}"
        if not _is_host(registry):
            raise InvalidReference(text, f"{registry!r} is not a registry's host and port")
        if len(path) > 255 or not all(_COMPONENT.fullmatch(part) for part in path.split("/")):
            raise InvalidReference(
                text, "the name has lower-case letters and digits, separated by / . _ -"
            )
        return cls(Repository(registry, path), tag or None, digest or None)

    @property
    def selector(self) -> str:
        """Return the ``<reference>`` of the distribution API: the digest, else the tag.

        Raises InvalidReference if it has neither.
        """
        selector = self.digest or self.tag
        if selector is None:
            raise InvalidReference(str(self), "it has neither tag nor digest")
        return selector

    def __str__(self) -> str:
        """Return the full reference, with the registry."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"
