"""The WWW-Authenticate header, as registries send it.

Formats: RFC 9110 (section 11.6.1) and
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import re

import attrs

_SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?:\s+|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@attrs.frozen
class Challenge:
    """What a registry wants: ``basic``, or ``bearer`` with a token from *realm* (a URL)."""

    scheme: str
    realm: str = ""
    service: str = ""


def read_challenge(header: str) -> Challenge | None:
    """Return the challenge in *header*, a bearer one first; None when we know none of it."""
    parts = _SCHEME.split(header)[1:]
    found = {
        scheme.lower(): {name.lower(): quoted or plain for name, quoted, plain in pairs}
        for scheme, pairs in zip(parts[::2], map(_PARAMETER.findall, parts[1::2]), strict=True)
    }
    bearer = found.get("bearer")
    if bearer and bearer.get("realm"):
        return Challenge("bearer", bearer["realm"], bearer.get("service", ""))
    return Challenge("basic") if "basic" in found else None
