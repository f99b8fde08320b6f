"""List who can read which secret, who could in earlier commits, and which keys are old."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...errors import InvalidFile
from ...model.request import SecretsRequest
from ...model.requirements.text import decode
from ...model.result import SUCCESS, Result, counted
from ...model.secrets.recipients import Recipients
from ...model.secrets.sealed_file import SUFFIX, SealedSecret, read_sealed
from ...source.history import Version
from .folder import SecretsFolder

MAX_COMMITS = 1000
"""Limit of the commits that are read, those that changed the folder."""


def list_secrets(
    request: SecretsRequest,
    *,
    folder: SecretsFolder,
    history: Iterable[Version],
    is_shallow: bool,
) -> Result:
    """Return the readers of each secret as the text ``secrets.txt``, one line each."""
    recipients = folder.recipients()
    lines = [f"repository: {recipients.repository}"]
    lines += [f"recipient: {r.name} {r.fingerprint}" for r in recipients.recipients]
    earlier = _earlier_readers(history, request.folder)
    for name in sorted({*folder.secret_names, *earlier}):
        secret = folder.secret(name) if name in folder.secret_names else None
        lines += _secret_lines(name, secret, recipients, earlier.get(name, {}))
    warnings = ("the clone is shallow: it does not show all earlier readers",) * is_shallow
    count = counted(len(folder.secret_names), "secret")
    summary = f"{count}, {counted(len(recipients.recipients), 'recipient')}"
    texts = {"secrets.txt": "".join(f"{line}\n" for line in lines)}
    return Result("secrets", SUCCESS, summary, texts=texts, warnings=warnings)


def _secret_lines(
    name: str,
    secret: SealedSecret | None,
    recipients: Recipients,
    earlier: Mapping[str, tuple[str, str]],
) -> Iterator[str]:
    """Yield the lines of one secret; None if it was deleted."""
    yield f"secret: {name}"
    if secret is None:
        yield "  deleted; it is still in earlier commits"
    else:
        yield from _current_lines(secret, recipients)
    for fingerprint, (reader, commit) in earlier.items():
        if secret is None or secret.find(fingerprint) is None:
            yield f"  {reader} {fingerprint} could read it, last in {commit[:12]}"


def _current_lines(secret: SealedSecret, recipients: Recipients) -> Iterator[str]:
    for box in secret.boxes:
        known = recipients.find(box.fingerprint) is not None
        old = "" if known else " with an old key, not in recipients.txt: run secrets rotate"
        yield f"  {box.recipient} {box.fingerprint} can read it{old}"
    for recipient in recipients.recipients:
        if secret.find(recipient.fingerprint) is None:
            yield f"  {recipient.name} {recipient.fingerprint} cannot: run secrets rotate"


def _earlier_readers(
    history: Iterable[Version], folder: str
) -> dict[str, dict[str, tuple[str, str]]]:
    """Return, by secret and fingerprint, the reader and the newest commit with a box for it."""
    readers: dict[str, dict[str, tuple[str, str]]] = {}
    for version in history:
        parent, _, name = version.path.rpartition("/")
        if parent != folder or not name.endswith(SUFFIX):
            continue
        try:
            secret = read_sealed(decode(version.content, version.path), version.path)
        except InvalidFile:
            continue
        found = readers.setdefault(name.removesuffix(SUFFIX), {})
        for box in secret.boxes:
            found.setdefault(box.fingerprint, (box.recipient, version.commit))
    return readers
