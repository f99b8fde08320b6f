"""Open the sealed secrets of a repository, for example in a container.

This module needs Python and PyNaCl only.  It imports nothing else of buildbot-ship, so you can
copy this one file into your application::

    from buildbot_ship.sealed import open_secret

    token = open_secret("api-token")

A file ``NAME.sealed`` has one PyNaCl ``SealedBox`` for each recipient.  The text in a box
begins with the repository and the name of the secret, so a box that was moved does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

__all__ = [
    "PrivateKey",
    "SecretError",
    "fingerprint",
    "new_private_key",
    "open_box",
    "open_secret",
    "parse_private_key",
    "private_key_text",
    "seal",
]

KEY_FILE_VARIABLE = "SHIP_SECRET_KEY_FILE"
DEFAULT_KEY_FILE = "/run/secrets/ship-key"
MAX_FILE = 16 * 1024**2
"""Limit of the files that are read, in bytes."""
_PUBLIC, _PRIVATE = "ship-pub-", "ship-key-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEADER = re.compile(rb"ship-secret 1\nrepository ([^\n]+)\nname ([^\n]+)\nlength (\d+)\n\n")


class SecretError(Exception):
    """A secret cannot be opened: the *cause* and the *remedy*, and nothing of the secret."""

    def __init__(self, cause: str, remedy: str) -> None:
        """Set the message to both."""
        super().__init__(f"{cause}; {remedy}")
        self.cause, self.remedy = cause, remedy


def open_secret(
    name: str,
    folder: str = "/secrets",
    key_file: str | None = None,
    repository: str | None = None,
) -> bytes:
    """Return the secret *name* of a *folder* with sealed secrets.

    *key_file* is the file with the private key: by default the one that the environment
    variable SHIP_SECRET_KEY_FILE names, or else ``/run/secrets/ship-key``.  *repository* is the
    repository that the secret must belong to: by default the one in the folder's
    ``recipients.txt``.  Raises SecretError.
    """
    if not _NAME.fullmatch(name):
        raise SecretError(f"{name!r} is not the name of a secret", "write it as in api-token")
    path = key_file or os.environ.get(KEY_FILE_VARIABLE) or DEFAULT_KEY_FILE
    mount = f"mount the private key there, or set {KEY_FILE_VARIABLE} to its path"
    key = parse_private_key(_read(Path(path), "the key file", mount), path)
    if repository is None:
        repository = _repository(Path(folder))
    copied = f"add COPY secrets/ /secrets/ to the Dockerfile, or seal {name} and commit it"
    sealed = _read(Path(folder, f"{name}.sealed"), f"the secret {name}", copied)
    return open_box(_box(sealed, key, name), key, repository, name)


def open_box(box: bytes, key: PrivateKey, repository: str, name: str) -> bytes:
    """Return the secret in *box*.

    Raises SecretError if *key* does not open it, or if it was sealed for another repository or
    under another name.
    """
    again = f"seal the secret again: buildbot-ship secrets seal {name} --replace"
    try:
        text = SealedBox(key).decrypt(box)
    except (CryptoError, ValueError, TypeError):
        cause = f"the secret {name}: its box is truncated, changed, or sealed to another key"
        raise SecretError(cause, again) from None
    header = _HEADER.match(text)
    if header is None or len(text) - header.end() != int(header[3]):
        raise SecretError(f"the secret {name}: its box has an unknown format", again)
    sealed_for, sealed_as = header[1].decode("utf-8", "replace"), header[2].decode()
    if sealed_for != repository:
        cause = (
            f"the secret {name} was sealed for the repository {sealed_for}, not {repository}"
        )
        raise SecretError(cause, again)
    if sealed_as != name:
        raise SecretError(f"the secret {name} was sealed under the name {sealed_as}", again)
    return text[header.end() :]


def seal(secret: bytes, public_key: bytes, repository: str, name: str) -> bytes:
    """Return a box with *secret* for one recipient, bound to *repository* and *name*.

    Raises SecretError if *public_key* is not usable.
    """
    header = f"ship-secret 1\nrepository {repository}\nname {name}\nlength {len(secret)}\n\n"
    try:
        return bytes(SealedBox(PublicKey(public_key)).encrypt(header.encode() + secret))
    except (CryptoError, ValueError, TypeError, RuntimeError):
        cause = f"the public key {fingerprint(public_key)} is not usable"
        raise SecretError(cause, "make a new key: buildbot-ship secrets keygen") from None


def new_private_key() -> PrivateKey:
    """Return a new random private key."""
    return PrivateKey.generate()


def parse_private_key(data: bytes, path: str) -> PrivateKey:
    """Return the private key in the *data* of the key file at *path*.  Raises SecretError."""
    lines = data.decode("utf-8", "replace").splitlines()
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    text = keys[0] if len(keys) == 1 else ""
    if text.startswith(_PUBLIC):
        raise SecretError(f"{path} has a public key", "give the file that keygen wrote")
    raw = text.removeprefix(_PRIVATE) if text.startswith(_PRIVATE) else ""
    try:
        key, check = bytes.fromhex(raw[:64]), raw[64:]
    except ValueError:
        key, check = b"", ""
    if len(key) != 32 or hashlib.sha256(key).hexdigest()[:8] != check:
        cause = f"{path} has no private key of the form {_PRIVATE}, 72 hexadecimal digits"
        raise SecretError(cause, "give the whole file that buildbot-ship secrets keygen wrote")
    return PrivateKey(key)


def private_key_text(key: PrivateKey) -> str:
    """Return *key* as the line of a key file."""
    raw = bytes(key)
    return f"{_PRIVATE}{raw.hex()}{hashlib.sha256(raw).hexdigest()[:8]}"


def fingerprint(public_key: bytes) -> str:
    """Return the fingerprint of a public key: 16 hexadecimal digits."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _read(path: Path, what: str, remedy: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except PermissionError:
        user = f"give the user of this process (ID {os.getuid()}) the right to read it"
        raise SecretError(f"{what} {path} is not readable", user) from None
    except OSError as error:
        raise SecretError(f"{what} is not at {path} ({error.strerror})", remedy) from None
    if len(data) > MAX_FILE:
        raise SecretError(f"{path} is larger than {MAX_FILE} bytes", remedy)
    return data


def _repository(folder: Path) -> str:
    whole = "copy the whole folder, or call open_secret(..., repository=...)"
    text = _read(folder / "recipients.txt", "the list of recipients", whole)
    for line in text.decode("utf-8", "replace").splitlines():
        word, _, value = line.partition(":")
        if word.strip() == "repository" and value.strip():
            return value.strip()
    raise SecretError(f"{folder / 'recipients.txt'} has no line repository:", whole)


def _box(sealed: bytes, key: PrivateKey, name: str) -> bytes:
    """Return the box for *key* in the data of a file ``NAME.sealed``."""
    mine = fingerprint(bytes(key.public_key))
    lines = [line.split(" ") for line in sealed.decode("utf-8", "replace").splitlines()]
    boxes = [line for line in lines if len(line) == 3 and not line[0].endswith(":")]
    box = next((line[2] for line in boxes if line[1] == mine), None)
    if not boxes:
        raise SecretError(
            f"the secret {name} has no box: its file is truncated or empty",
            f"restore {name}.sealed from git, and build the image again",
        )
    if box is None:
        others = ", ".join(line[0] for line in boxes)
        raise SecretError(
            f"the secret {name} has no box for the key {mine}, only for {others}",
            "add the key to recipients.txt and run buildbot-ship secrets rotate with one of "
            "the other keys, or mount the right key",
        )
    try:
        return base64.b64decode(box, validate=True)
    except binascii.Error:
        again = f"seal the secret again: buildbot-ship secrets seal {name} --replace"
        raise SecretError(f"the secret {name}: its box is no base64", again) from None
