"""``recipients.txt``: the repository, and who can open its secrets."""

from __future__ import annotations

import hashlib
import re

import attrs

from ...errors import InvalidFile, Problem

FILE_NAME = "recipients.txt"
PUBLIC, PRIVATE = "ship-pub-", "ship-key-"
"""How public and private keys begin."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Names of secrets and of recipients."""
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@~-]{0,199}")
_HINT = (
    "write one line for each recipient, as buildbot-ship secrets keygen prints it, and one "
    "line such as repository: example.com/team/app"
)
_INTRODUCTION = """\
# Who can open the secrets in this folder: a name and a public key on each line.
# After a change here, run buildbot-ship secrets rotate.
"""


@attrs.frozen
class Recipient:
    """A *name* with its public *key* (32 bytes), from *line* of the file."""

    name: str
    key: bytes
    line: int = 0

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the key: 16 hexadecimal digits."""
        return hashlib.sha256(self.key).hexdigest()[:16]

    def __str__(self) -> str:
        """Return the recipient's line."""
        return f"{self.name} {public_key_text(self.key)}"


@attrs.frozen
class Recipients:
    """The *recipients* of the secrets of *repository*."""

    repository: str
    recipients: tuple[Recipient, ...]

    def find(self, fingerprint: str) -> Recipient | None:
        """Return the recipient whose key has *fingerprint*."""
        return next((r for r in self.recipients if r.fingerprint == fingerprint), None)


def public_key_text(key: bytes) -> str:
    """Return a public key as text, with a checksum at its end."""
    return f"{PUBLIC}{key.hex()}{hashlib.sha256(key).hexdigest()[:8]}"


def parse_public_key(text: str) -> bytes:
    """Return the public key in *text*.  Raises ValueError with the fault."""
    if text.startswith(PRIVATE):
        raise ValueError(
            "this is a private key: remove it from the repository and its history, make a new "
            "one with buildbot-ship secrets keygen, and write its public key here"
        )
    digits = text.removeprefix(PUBLIC)
    if digits == text or not re.fullmatch("[0-9a-f]*", digits):
        raise ValueError(f"the key is not {PUBLIC} and hexadecimal digits")
    if len(digits) != 72:
        raise ValueError(f"the key has {len(digits)} hexadecimal digits, not 72")
    key = bytes.fromhex(digits[:64])
    if public_key_text(key) != text:
        raise ValueError("the key has a wrong checksum: a digit was changed")
    return key


def read_recipients(text: str, path: str) -> Recipients:
    """Return the recipients in the *text* of the file at *path*.

    Raises InvalidFile with all faulty lines.
    """
    repository, recipients, problems = "", list[Recipient](), list[Problem]()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        try:
            if line.startswith("repository:"):
                repository = _repository(line, repository)
            elif line:
                recipients.append(_recipient(line, number, recipients))
        except ValueError as error:
            problems.append(Problem(path, number, str(error)))
    if not repository and not problems:
        problems.append(Problem(path, 1, "there is no line repository:"))
    if not recipients and not problems:
        problems.append(Problem(path, 1, "there is no recipient"))
    if problems:
        raise InvalidFile(tuple(problems), _HINT)
    return Recipients(repository, tuple(recipients))


def add_recipient(text: str, recipient: Recipient, repository: str | None) -> str:
    """Return the *text* of ``recipients.txt`` with one more line.

    An empty text becomes a new file for *repository*.
    """
    if not text.strip():
        text = f"{_INTRODUCTION}repository: {repository}\n"
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{recipient}\n"


def _repository(line: str, earlier: str) -> str:
    value = line.partition(":")[2].strip()
    if earlier:
        raise ValueError("there are two lines repository:")
    if not REPOSITORY.fullmatch(value):
        raise ValueError("the repository is not of the form example.com/team/app")
    return value


def _recipient(line: str, number: int, earlier: list[Recipient]) -> Recipient:
    name, _, key = line.partition(" ")
    if name.startswith(PRIVATE):
        parse_public_key(name)
    if not NAME.fullmatch(name):
        raise ValueError("the line is not a name and a public key")
    recipient = Recipient(name, parse_public_key(key.strip()), number)
    for other in earlier:
        if other.name == name:
            raise ValueError(f"line {other.line} has the same name")
        if other.key == recipient.key:
            raise ValueError(f"line {other.line} has the same key")
    return recipient
