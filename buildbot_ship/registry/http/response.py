"""Requests to registries and their answers: which are errors, and which errors to retry.

Format of errors: https://github.com/opencontainers/distribution-spec (error codes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from ...errors import RegistryForbidden, RegistryRefused, quotable
from ...model.json_text import read_json
from ...model.secrets.cut_text import shorten
from .retry import RetryableFault, read_retry_after

DIGEST = "Docker-Content-Digest"
"""The header with the digest of a manifest or a blob."""
_MAX_MESSAGE = 300
"""Characters of a registry's message in our errors."""
# The file driver of Distribution reports only the number of ENOSPC (28) or EDQUOT (122).
_DISK_FULL = re.compile(r'no space left|quota exceeded|"err":\s*(?:28|122)\b', re.IGNORECASE)

# The texts of Go's server and of nginx.
_NEEDS_TLS = re.compile(r"HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS")
CLIENT_HINT = (
    "put one with its key in /etc/docker/certs.d/HOST:PORT/ on the worker, as client.cert and "
    "client.key"
)
SMALL = 1 << 16
"""Bytes of a body that are read unless a call sets another limit."""


@attrs.frozen
class Call:
    """One request; *action* completes the message "registry X refused to ...".

    *url* is a path of the API or an absolute URL.  *limit* is the number of bytes of the
    answer's body to read.
    """

    registry: str
    method: str
    url: str = attrs.field(repr=False)
    action: str
    scopes: tuple[str, ...]
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | Iterable[bytes] | None = attrs.field(default=None, repr=False)
    limit: int = SMALL


@attrs.frozen
class Answer:
    """A status, headers (names in any case), and the part of the body that was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    @property
    def message(self) -> str:
        """Return the registry's own message in one printable line, or the status."""
        text = "; ".join(_messages(self.body)) or answered(self.status)
        shown = "".join(c if c.isprintable() else " " for c in text)
        return quotable(shorten(shown, _MAX_MESSAGE))


def refusal(answer: Answer, call: Call) -> RegistryRefused:
    """Return the error for an *answer* to *call* that the caller does not expect."""
    return RegistryRefused(call.registry, call.action, answer.message)


def answered(status: int) -> str:
    """Return the words for an HTTP status in a message."""
    return f"it answered with HTTP status {status}"


def may_succeed_later(status: int) -> bool:
    """Return whether a request with this HTTP status may succeed without a change."""
    # 501 and 505: the server will never do this.
    return status in (408, 429) or (status >= 500 and status not in (501, 505))


def check(answer: Answer, registry: str, action: str) -> None:
    """Raise the errors that are the same for all requests; the caller handles other statuses.

    Raises RetryableFault if the request may succeed later, RegistryForbidden for 401 and 403,
    and RegistryRefused if the registry's disk is full.
    """
    if answer.status in (401, 403):
        raise RegistryForbidden(registry, action)
    if answer.status == 400:
        _check_tls(answer, registry, action)
    if not may_succeed_later(answer.status):
        return
    if answer.status == 507 or _DISK_FULL.search(answer.body.decode("utf-8", "replace")):
        hint = "free space on the registry's disk, for example run its garbage collection"
        raise RegistryRefused(registry, action, "its disk is full", hint)
    message = f": {answer.message}" if _messages(answer.body) else ""
    raise RetryableFault(answered(answer.status) + message, read_retry_after(answer.headers))


def _check_tls(answer: Answer, registry: str, action: str) -> None:
    """Raise RegistryRefused if the page of a server wants another kind of connection."""
    page = answer.body.decode("utf-8", "replace")
    if _NEEDS_TLS.search(page):
        hint = "remove it from the option insecure_registries"
        raise RegistryRefused(registry, action, "it speaks TLS on this port", hint)
    if "No required SSL certificate was sent" in page:
        raise RegistryRefused(registry, action, "it wants a client certificate", CLIENT_HINT)


def _messages(body: bytes) -> list[str]:
    try:
        errors = read_json(body)["errors"]
        return [str(e.get("message") or e.get("code")) for e in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
