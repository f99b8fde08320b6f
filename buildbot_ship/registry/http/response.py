"""The answers of registries: which are errors, and which errors to retry.

Format of errors: https://github.com/opencontainers/distribution-spec (error codes).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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
    if not may_succeed_later(answer.status):
        return
    if answer.status == 507 or _DISK_FULL.search(answer.body.decode("utf-8", "replace")):
        hint = "free space on the registry's disk, for example run its garbage collection"
        raise RegistryRefused(registry, action, "its disk is full", hint)
    message = f": {answer.message}" if _messages(answer.body) else ""
    raise RetryableFault(answered(answer.status) + message, read_retry_after(answer.headers))


def _messages(body: bytes) -> list[str]:
    try:
        errors = read_json(body)["errors"]
        return [str(e.get("message") or e.get("code")) for e in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
