"""Redirects: which ones to follow, and how to name them without their secrets.

The query of a signed URL is a credential, so messages never contain one.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import SplitResult, urljoin, urlsplit

import attrs

from ...errors import RegistryRefused, quotable
from ...model.secrets.cut_text import shorten
from .address import Addresses

_STATUSES = (301, 302, 303, 307, 308)
_MOST = 5
_HINT = "correct this address in the configuration of the registry, of its storage or its proxy"
UPLOAD_HINT = (
    "give the registry its own address (http.host in the configuration of Distribution), or "
    "let its proxy pass on Host and X-Forwarded-Proto"
)
_MAX_SHOWN = 200
"""Characters of an address in a message."""


@attrs.define
class Redirects:
    """The redirects of one request; *urls* are the addresses so far, the current one last."""

    registry: str
    action: str
    urls: list[str] = attrs.field(repr=False)
    addresses: Addresses = attrs.field(factory=Addresses)

    def follow(self, status: int, location: str | None) -> str | None:
        """Return the next address, or None if the answer is not a redirect.

        Raises RegistryRefused for a circle, for too many redirects, and see `resolve`.
        """
        if status not in _STATUSES or not location:
            return None
        source = self.urls[-1]
        target = resolve(self.registry, self.action, source, location, self.addresses)
        problem = "in a circle" if target in self.urls else None
        if problem is None and len(self.urls) > _MOST:
            problem = f"more than {_MOST} times"
        if problem:
            raise _refusal(self.registry, self.action, source, target, problem)
        self.urls.append(target)
        return target


def resolve(
    registry: str, action: str, source: str, location: str, addresses: Addresses
) -> str:
    """Return the absolute URL of *location*, a header of the answer of *source*.

    Raises RegistryRefused unless it is an https URL, or after an http URL one of a host that
    may be asked in plain HTTP.
    """
    target, problem = _judge(source, location, addresses)
    if problem:
        raise _refusal(registry, action, source, target, problem)
    return target


@attrs.frozen
class UploadAddress:
    """The address of an upload; *oddity* says what is unusual about it, if anything is."""

    url: str = attrs.field(repr=False)
    oddity: str = ""


def upload_address(
    registry: str, action: str, source: str, location: str, addresses: Addresses
) -> UploadAddress:
    """Return the address of the upload at *location*, a header of the answer of *source*.

    It may be on another host, as the specification allows, but that host gets no login.
    Raises RegistryRefused like `resolve`.
    """
    own = urlsplit(addresses.api_url(registry))
    with suppress(ValueError):
        target = urlsplit(urljoin(source, location))
        if target[:2] == own[:2]:
            return UploadAddress(target.geturl())
        is_downgrade = (own.scheme, target.scheme) == ("https", "http")
        is_api = target.scheme in ("http", "https") and target.path.startswith("/v2/")
        # A registry behind a proxy does not know the scheme and the port of its address.
        if target.hostname == own.hostname and (is_downgrade or is_api):
            url = target._replace(scheme=own.scheme, netloc=own.netloc).geturl()
            oddity = f"its upload address is {shown(target.geturl())}, tried at {shown(url)}"
            return UploadAddress(url, oddity)
    url, problem = _judge(source, location, addresses)
    if problem:
        why = f"its upload address is {shown(url)}, {problem}" if url else problem
        raise RegistryRefused(registry, action, why, UPLOAD_HINT)
    return UploadAddress(url, f"its upload address is {shown(url)}, a host that gets no login")


def _judge(source: str, location: str, addresses: Addresses) -> tuple[str, str]:
    """Return the absolute URL of *location*, and why not to follow it, or an empty text."""
    try:
        target = urljoin(source, location)
        parts = urlsplit(target)
        is_valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "", "to an address that is no URL"
    if parts.scheme not in ("http", "https"):
        return target, "and only http and https addresses are followed"
    if not is_valid:
        return target, "to an address without a host"
    if parts.scheme == "http" and urlsplit(source).scheme == "https":
        return target, "from https to plain http"
    if parts.scheme == "http" and not addresses.is_plain(parts.netloc):
        return target, "and plain http works only on loopback and for insecure_registries"
    return target, ""


def shown(url: str) -> str:
    """Return *url* for a message: without login, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an invalid address"
    text = SplitResult(parts.scheme, host, parts.path, "", "").geturl()
    shown = "".join(c if c.isprintable() else " " for c in text)
    return quotable(shorten(shown, _MAX_SHOWN))


def _refusal(
    registry: str, action: str, source: str, target: str, problem: str
) -> RegistryRefused:
    to = f" to {shown(target)}" if target else ""
    why = f"it redirects from {shown(source)}{to}, {problem}"
    return RegistryRefused(registry, action, why, _HINT)
