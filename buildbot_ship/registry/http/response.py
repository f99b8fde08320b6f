"""What a registry's answer means.

Format of errors: https://github.com/opencontainers/distribution-spec (error codes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import attrs

from ...errors import RegistryForbidden, RegistryRefused
from .retry import Fault, asked_wait

DIGEST = "Docker-Content-Digest"
"""The header that says which bytes are meant."""
_LONGEST = 300
# distribution's file driver says only the number of ENOSPC (28) or EDQUOT (122).
_DISK_FULL = re.compile(r'no space left|quota exceeded|"err":\s*(?:28|122)\b', re.IGNORECASE)


@attrs.frozen
class Answer:
    """A status, headers (names in any case), and the body as far as it was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    @property
    def message(self) -> str:
        """Return the registry's own words in one printable line, or the status."""
        text = "; ".join(_messages(self.body)) or f"it answered {self.status}"
        return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST]


def check(answer: Answer, registry: str, what: str) -> None:
    """Raise what an *answer* to a request means, whatever the request was.

    Raises Fault where another attempt may help, RegistryForbidden on 401 and 403, and
    RegistryRefused where the disk is full; any other answer is for the caller.
    """
    if answer.status in (401, 403):
        raise RegistryForbidden(registry, what)
    if answer.status in (408, 429):
        raise Fault(f"it answered {answer.status}", asked_wait(answer.headers))
    if answer.status < 500:
        return
    if answer.status == 507 or _DISK_FULL.search(answer.body.decode("utf-8", "replace")):
        raise RegistryRefused(
            registry, what, "its disk is full", "free space on the registry's disk"
        )
    said = f": {answer.message}" if _messages(answer.body) else ""
    raise Fault(f"it answered {answer.status}{said}", asked_wait(answer.headers))


def refused(answer: Answer, registry: str, what: str) -> RegistryRefused:
    """Return the error for an *answer* that a request does not take."""
    return RegistryRefused(registry, what, answer.message)


def _messages(body: bytes) -> list[str]:
    try:
        errors = json.loads(body)["errors"]
        return [str(e.get("message") or e.get("code")) for e in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
