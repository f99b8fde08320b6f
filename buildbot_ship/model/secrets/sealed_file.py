"""``NAME.sealed``: one secret as text, with one sealed box for each recipient."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

import attrs

from ...errors import InvalidFile, Problem
from .recipients import NAME, REPOSITORY, Recipients

SUFFIX = ".sealed"
MAX_SECRET = 64 * 1024
"""Limit of one secret, in bytes."""
_FORMAT = "1"
_BOX_OVERHEAD = 48
"""What a PyNaCl SealedBox adds to its text: a public key and an authenticator, in bytes."""
_FINGERPRINT = re.compile("[0-9a-f]{16}")
_AGAIN = "seal the secret again (buildbot-ship secrets seal NAME --replace), and commit"
_ROTATE = "run buildbot-ship secrets rotate"


@attrs.frozen
class Box:
    """A box for one *recipient*, sealed to the key with *fingerprint*."""

    recipient: str
    fingerprint: str
    data: bytes = attrs.field(repr=False)
    line: int = 0

    def __str__(self) -> str:
        """Return the box's line."""
        return f"{self.recipient} {self.fingerprint} {base64.b64encode(self.data).decode()}"


@attrs.frozen
class SealedSecret:
    """The secret *name* of *repository*, with its boxes."""

    name: str
    repository: str
    boxes: tuple[Box, ...]

    def __str__(self) -> str:
        """Return the text of the file."""
        head = (f"ship-sealed: {_FORMAT}", f"name: {self.name}")
        lines = (*head, f"repository: {self.repository}", *map(str, self.boxes))
        return "".join(f"{line}\n" for line in lines)

    def find(self, fingerprint: str) -> Box | None:
        """Return the box for the key with *fingerprint*."""
        return next((box for box in self.boxes if box.fingerprint == fingerprint), None)


def read_sealed(text: str, path: str) -> SealedSecret:
    """Return the sealed secret in the *text* of the file at *path*.

    Raises InvalidFile with all faulty lines.
    """
    head, boxes, problems = dict[str, str](), list[Box](), list[Problem]()
    for number, line in enumerate(text.splitlines(), 1):
        word, colon, value = line.partition(": ")
        try:
            if colon and word in ("ship-sealed", "name", "repository") and word not in head:
                head[word] = value
            else:
                boxes.append(_box(line, number))
        except ValueError as error:
            problems.append(Problem(path, number, str(error)))
    problems[:0] = _head_faults(head, path)
    if not boxes and not problems:
        problems.append(Problem(path, 1, "the file has no box: it is truncated"))
    if text and not text.endswith("\n") and not problems:
        problems.append(Problem(path, len(text.splitlines()), "the last line is truncated"))
    if problems:
        raise InvalidFile(tuple(problems), _AGAIN)
    return SealedSecret(head["name"], head["repository"], tuple(boxes))


def find_faults(secret: SealedSecret, recipients: Recipients, path: str) -> Iterator[Problem]:
    """Yield the faults of a *secret* at *path* that need no private key to find."""
    name = path.rpartition("/")[2].removesuffix(SUFFIX)
    if secret.name != name:
        why = f"this is the secret {secret.name}: move the file back, or seal it as {name}"
        yield Problem(path, 2, why)
    if secret.repository != recipients.repository:
        why = f"it was sealed for {secret.repository}, not for {recipients.repository}"
        yield Problem(path, 3, f"{why}: seal it in this repository")
    yield from _size_faults(secret, path)
    yield from _recipient_faults(secret, recipients, path)


def _head_faults(head: dict[str, str], path: str) -> Iterator[Problem]:
    if head.get("ship-sealed") != _FORMAT:
        yield Problem(path, 1, f"the file does not begin with ship-sealed: {_FORMAT}")
    if not NAME.fullmatch(head.get("name", "")):
        yield Problem(path, 2, "there is no line name: with the name of a secret")
    if not REPOSITORY.fullmatch(head.get("repository", "")):
        yield Problem(path, 3, "there is no line repository: with a repository")


def _box(line: str, number: int) -> Box:
    words = line.split(" ")
    if len(words) != 3 or not NAME.fullmatch(words[0]) or not _FINGERPRINT.fullmatch(words[1]):
        raise ValueError("the line is not a recipient, a fingerprint and a box")
    try:
        data = base64.b64decode(words[2], validate=True)
    except binascii.Error:
        raise ValueError(f"the box of {words[0]} is truncated or changed: no base64") from None
    return Box(words[0], words[1], data, number)


def _size_faults(secret: SealedSecret, path: str) -> Iterator[Problem]:
    head = f"ship-secret {_FORMAT}\nrepository {secret.repository}\nname {secret.name}\n"
    least = _BOX_OVERHEAD + len(f"{head}length 1\n\n") + 1
    most = _BOX_OVERHEAD + len(f"{head}length {MAX_SECRET}\n\n") + MAX_SECRET
    usual = max((len(box.data) for box in secret.boxes), default=0)
    for box in secret.boxes:
        if not least <= len(box.data) <= most:
            why = f"{len(box.data)} bytes, not {least} to {most}"
            yield Problem(
                path, box.line, f"the box of {box.recipient} has {why}: seal it again"
            )
        elif len(box.data) != usual:
            why = f"the box of {box.recipient} is smaller than the others"
            yield Problem(path, box.line, f"{why}: it is truncated or has another secret")


def _recipient_faults(
    secret: SealedSecret, recipients: Recipients, path: str
) -> Iterator[Problem]:
    seen = set[str]()
    for box in secret.boxes:
        recipient = recipients.find(box.fingerprint)
        if recipient is None:
            why = f"{box.recipient} can open it with the key {box.fingerprint}"
            unlisted = f"{why}, which is not in recipients.txt: {_ROTATE}"
            yield Problem(path, box.line, unlisted)
        elif recipient.name != box.recipient:
            why = f"the key {box.fingerprint} belongs to {recipient.name}, not {box.recipient}"
            yield Problem(path, box.line, f"{why}: {_ROTATE}")
        if box.fingerprint in seen:
            yield Problem(path, box.line, f"{box.recipient} has two boxes: seal it again")
        seen.add(box.fingerprint)
    for recipient in recipients.recipients:
        if recipient.fingerprint not in seen:
            why = f"{recipient.name} has no box for the key {recipient.fingerprint}"
            yield Problem(path, 1, f"{why}: {_ROTATE}")
