"""Redirects: which ones to follow, and how to name them without their secrets.

The query of a signed URL is a credential, so messages never contain one.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

import attrs

from ...errors import RegistryRefused, quotable
from ...model.secrets.cut_text import shorten
from .address import is_loopback

_STATUSES = (301, 302, 303, 307, 308)
_MOST = 5
_HINT = "correct this address in the configuration of the registry, of its storage or its proxy"
_MAX_SHOWN = 200
"""Characters of an address in a message."""


@attrs.define
class Redirects:
    """The redirects of one request; *urls* are the addresses so far, the current one last."""

    registry: str
    action: str
    urls: list[str] = attrs.field(repr=False)

    def follow(self, status: int, location: str | None) -> str | None:
        """Return the next address, or None if the answer is not a redirect.

        Raises RegistryRefused for a circle, for too many redirects, and see `resolve`.
        """
        if status not in _STATUSES or not location:
            return None
        target = resolve(self.registry, self.action, self.urls[-1], location)
        problem = "in a circle" if target in self.urls else None
        if problem is None and len(self.urls) > _MOST:
            problem = f"more than {_MOST} times"
        if problem:
            raise _refusal(self.registry, self.action, self.urls[-1], target, problem)
        self.urls.append(target)
        return target


def resolve(registry: str, action: str, source: str, location: str) -> str:
    """Return the absolute URL of *location*, a header of the answer of *source*.

    Raises RegistryRefused unless it is an https URL, or an http URL on loopback after another.
    """
    try:
        target = urljoin(source, location)
        parts = urlsplit(target)
        is_valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _refusal(registry, action, source, "", "to an address that is no URL") from None
    problem = None
    if parts.scheme not in ("http", "https"):
        problem = "and only http and https addresses are followed"
    elif not is_valid:
        problem = "to an address without a host"
    elif parts.scheme == "http" and urlsplit(source).scheme == "https":
        problem = "from https to plain http"
    elif parts.scheme == "http" and not is_loopback(parts.netloc):
        problem = "and plain http works only on loopback"
    if problem:
        raise _refusal(registry, action, source, target, problem)
    return target


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
