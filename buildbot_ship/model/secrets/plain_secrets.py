"""Search files for plain secrets: private keys, tokens of known formats, and passwords.

A problem names the file, the line and the kind of secret, never the secret.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from ...errors import Problem

ALLOW = b"ship: allow-secret"
"""A comment that allows a secret on its own line or on the next."""
MAX_BYTES = 1024**2
"""Limit of a file that is searched, in bytes."""
_HEAD = 8192
_MIN_LENGTH, _MIN_ENTROPY = 16, 3.3
"""Shortest value, and least entropy in bits per character, of a password in a file."""

_FORMATS: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = tuple(
    (kind, word, re.compile(pattern))
    for kind, word, pattern in (
        (
            "a private key",
            b"PRIVATE KEY",
            rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            rb"(?:\\[rn]|[\s\"',+>]){1,40}(?:[A-Za-z-]{1,20}: [^\n]{0,80}\n|\s){0,8}"
            rb"[A-Za-z0-9+/=]{40}",
        ),
        ("a private key of buildbot-ship", b"ship-key-", rb"ship-key-[0-9a-f]{64}"),
        ("an age private key", b"AGE-SECRET", rb"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
        ("an AWS access key", b"AKIA", rb"\bAKIA(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b"),
        ("an AWS access key", b"ASIA", rb"\bASIA(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}\b"),
        ("a GitHub token", b"gh", rb"\bgh[pousr]_[A-Za-z0-9]{36,251}\b"),
        ("a GitHub token", b"github_pat_", rb"\bgithub_pat_[A-Za-z0-9_]{30,255}\b"),
        ("a GitLab token", b"gl", rb"\bgl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,64}"),
        ("a Slack token", b"xox", rb"\bxox[abeoprs]-[A-Za-z0-9-]{20,255}"),
        (
            "a Slack webhook",
            b"hooks.slack",
            rb"hooks\.slack\.com/services/T\w{8,12}/B\w{8,12}/\w{20,30}",
        ),
        ("a PyPI token", b"pypi-", rb"\bpypi-AgE[A-Za-z0-9_-]{60,512}"),
        ("a Stripe key", b"k_live_", rb"\b[rs]k_live_[A-Za-z0-9]{20,250}\b"),
        ("a Google API key", b"AIza", rb"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
        ("a Google OAuth secret", b"GOCSPX-", rb"\bGOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])"),
        ("an npm token", b"npm_", rb"\bnpm_[A-Za-z0-9]{36}\b"),
        ("a Docker Hub token", b"dckr_", rb"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,64}"),
        ("a SendGrid key", b"SG.", rb"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
        ("an Azure storage key", b"AccountKey=", rb"AccountKey=[A-Za-z0-9+/]{86}=="),
    )
)
"""Kinds of secrets: a word that is in each, to skip most files quickly, and the pattern."""
_ASSIGNED = re.compile(
    rb"(?i)(?P<name>(?:passw(?:or)?d|passphrase|secret|token|credential|api[_-]?key"
    rb"|access[_-]?key|private[_-]?key|auth[_-]?key)[\w.-]{0,40})[\"'\]]{0,2}"
    rb"[ \t]{0,8}(?::=|=>|[:=])[ \t]{0,8}(?P<quote>[\"']?)"
    rb"(?P<value>[^\s\"'`,;()\[\]{}<>]{16,256})(?![^\s\"'`,;)}\]])"
)
_IN_URL = re.compile(rb"[a-z][a-z+]{1,20}://[\w.-]{1,64}:(?P<value>[^\s/@:\"'{}<>$]{16,256})@")
_HARMLESS_NAME = re.compile(
    rb"(?i)alphabet|chars|sha\d|md5|hash|digest|checksum|fingerprint|public|_?(?:id|name|file|path|url|type)$"
)
_HARMLESS_VALUE = re.compile(
    rb"(?i)[$%].*|.*(?:example|changeme|placeholder|dummy|your[-_]|xxxx|\*\*\*\*|1234567|\.\.\.)"
    rb".*|[a-z+]+://.*|[.~]?(?:/[\w.-]+)+/?|(?:sha\d+[:-]).*|ship-pub-.*|@.*"
    rb"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rb"|[a-z]+\d{0,2}(?:[._/:-]{1,2}[a-z]+\d{0,2})*"
    rb"|(?:\w+:)?\$(?:2[aby]|argon2\w{0,2}|[156y]|apr1)\$.*"
    rb"|v?\d{1,4}(?:[.:-]\w{1,10})+"
)
_CODE_WORD = re.compile(rb"(?:[A-Z][a-z]+|[a-z]{2,}|[A-Z]+|x(?=\d))\d{0,5}|[._:/|-]")
"""A piece of a name in code: ``Ed25519PrivateKey`` has three, and ``argon2id.MIN`` four."""
_LONG_WORD = re.compile(rb"[a-z]{6}|[a-z]{4}.*[._]|[._].*[a-z]{4}")


def is_text(data: bytes) -> bool:
    """Return true if *data* looks like text."""
    return b"\0" not in data[:_HEAD]


def find_plain_secrets(path: str, data: bytes) -> Iterator[Problem]:
    """Yield each plain secret in the *data* of the file at *path*, in the order of lines."""
    if not is_text(data):
        return
    found: dict[int, str] = {}
    for kind, word, pattern in _FORMATS:
        for match in pattern.finditer(data) if word in data else ():
            found.setdefault(_line(data, match.start()), kind)
    for match in _ASSIGNED.finditer(data):
        if _looks_random(match["value"]) and not _HARMLESS_NAME.search(match["name"]):
            found.setdefault(_line(data, match.start()), "a random value with a telling name")
    for match in _IN_URL.finditer(data):
        if _looks_random(match["value"]):
            found.setdefault(_line(data, match.start()), "a password in a URL")
    if not found:
        return
    lines = data.split(b"\n")
    for number, kind in sorted(found.items()):
        if not any(ALLOW in line for line in lines[max(number - 2, 0) : number]):
            yield Problem(path, number, f"{kind} lies here in plain text")


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _looks_random(value: bytes) -> bool:
    """Return true if *value* looks like a generated password, key or token."""
    if _HARMLESS_VALUE.fullmatch(value) or len(value) < _MIN_LENGTH:
        return False
    if _LONG_WORD.search(value) and not _CODE_WORD.sub(b"", value):
        return False
    if not re.search(rb"\d", value) or not re.search(rb"[A-Za-z]", value):
        return False
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    # Hexadecimal digits have at most 4 bits each.
    least = 3.0 if re.fullmatch(rb"[0-9a-fA-F]+", value) else _MIN_ENTROPY
    return entropy >= least
