"""Make keys, and seal, open and rotate secrets in the working directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from ... import sealed
from ...errors import InvalidRequest, KeyFileRefused, SecretUnusable, WouldOverwrite
from ...model.request import SecretsRequest
from ...model.requirements.text import decode
from ...model.result import SUCCESS, Result, counted
from ...model.secrets.recipients import (
    FILE_NAME,
    Recipient,
    Recipients,
    add_recipient,
    read_recipients,
)
from ...model.secrets.sealed_file import MAX_SECRET, SUFFIX, Box, SealedSecret
from ...source.checkout import Checkout
from ...store.private_files import read_key_file, refuse_in_checkout, write_private
from .folder import SecretsFolder

_NEWLINE = (
    "the secret ends with a newline, which is a part of it; to seal it without one, use "
    "printf %s instead of echo"
)
_TOO_LARGE = "keep large data elsewhere, encrypted, and seal only the key that encrypts it"


def keygen(request: SecretsRequest, *, checkout: Checkout, folder: SecretsFolder) -> Result:
    """Write a new private key, and add its public key to the recipients.

    Raises KeyFileRefused, WouldOverwrite, InvalidFile, InvalidRequest.
    """
    name, path = request.names[0], Path(str(request.key_file)).expanduser()
    refuse_in_checkout(path, checkout.root)
    text = _recipients_text(request, folder)
    key = sealed.new_private_key()
    recipient = Recipient(name, bytes(key.public_key))
    new_text = add_recipient(text, recipient, request.repository)
    read_recipients(new_text, folder.full_path(FILE_NAME))
    comment = f"# Private key of {name}. Keep it secret, and never commit it.\n"
    checkout.make_folder(folder.path)
    write_private(path, f"{comment}{sealed.private_key_text(key)}\n".encode())
    try:
        checkout.write({folder.full_path(FILE_NAME): new_text})
    except BaseException:
        path.unlink()
        raise
    rotate = f"; run secrets rotate to let {name} read the secrets" * bool(folder.secret_names)
    added = f"added to {folder.full_path(FILE_NAME)}: {recipient}"
    return Result("secrets", SUCCESS, f"wrote the private key {path}; {added}{rotate}")


def seal(
    request: SecretsRequest, *, checkout: Checkout, folder: SecretsFolder, secret: bytes
) -> Result:
    """Seal *secret* for all recipients.  Raises SecretUnusable, WouldOverwrite."""
    name = request.names[0]
    recipients = folder.recipients()
    if not secret:
        hint = f"give it on standard input: printf %s VALUE | buildbot-ship secrets seal {name}"
        raise SecretUnusable(name, "it is empty", hint)
    if len(secret) > MAX_SECRET:
        why = f"it is larger than {MAX_SECRET // 1024} KiB ({MAX_SECRET} bytes)"
        raise SecretUnusable(name, why, _TOO_LARGE)
    path = folder.full_path(name + SUFFIX)
    if checkout.read(path) is not None and not request.replace:
        raise WouldOverwrite(path, "choose another name, or give the option --replace")
    checkout.write({path: str(_sealed_for(recipients, name, secret))})
    summary = f"sealed {name} for {_names(recipients)}: review and commit {path}"
    warnings = (_NEWLINE,) if secret.endswith(b"\n") else ()
    return Result("secrets", SUCCESS, summary, warnings=warnings)


def unseal(
    request: SecretsRequest,
    *,
    checkout: Checkout,
    folder: SecretsFolder,
    write_output: Callable[[bytes], None],
) -> Result:
    """Open a secret, and write it to a new file or with *write_output*.

    Raises KeyFileRefused, SecretUnusable, WouldOverwrite.
    """
    name, opener = request.names[0], Opener.read(request.key_file, checkout.root)
    secret = opener.open(folder.secret(name), name, folder.recipients().repository)
    if request.output is None:
        write_output(secret)
        return Result("secrets", SUCCESS, f"opened {name}")
    path = Path(request.output).expanduser()
    refuse_in_checkout(path, checkout.root)
    write_private(path, secret)
    return Result("secrets", SUCCESS, f"opened {name}: it is in {path}")


def rotate(request: SecretsRequest, *, checkout: Checkout, folder: SecretsFolder) -> Result:
    """Seal every secret again for the recipients that are listed now.

    Nothing is written if one secret does not open.  Raises KeyFileRefused, SecretUnusable.
    """
    recipients, opener = folder.recipients(), Opener.read(request.key_file, checkout.root)
    texts = {}
    for name in folder.secret_names:
        secret = opener.open(folder.secret(name), name, recipients.repository)
        path = folder.full_path(name + SUFFIX)
        texts[path] = str(_sealed_for(recipients, name, secret))
    checkout.write(texts)
    count = counted(len(texts), "secret")
    return Result("secrets", SUCCESS, f"sealed {count} again for {_names(recipients)}")


@attrs.frozen
class Opener:
    """Opens secrets with one private key."""

    key: sealed.PrivateKey

    @classmethod
    def read(cls, key_file: str | None, checkout: Path) -> Opener:
        """Return the opener for the private key in *key_file*.  Raises KeyFileRefused."""
        path = Path(str(key_file)).expanduser()
        data = read_key_file(path, checkout)
        try:
            return cls(sealed.parse_private_key(data, str(path)))
        except sealed.SecretError as error:
            why = error.cause.removeprefix(f"{path} ")
            raise KeyFileRefused(str(path), f"it {why}", error.remedy) from None

    def open(self, secret: SealedSecret, name: str, repository: str) -> bytes:
        """Return the content of *secret*.  Raises SecretUnusable."""
        fingerprint = sealed.fingerprint(bytes(self.key.public_key))
        box = secret.find(fingerprint)
        if box is None:
            others = ", ".join(box.recipient for box in secret.boxes)
            hint = f"ask one of {others} to run buildbot-ship secrets rotate"
            raise SecretUnusable(name, f"it has no box for the key {fingerprint}", hint)
        try:
            return sealed.open_box(box.data, self.key, repository, name)
        except sealed.SecretError as error:
            why = error.cause.removeprefix(f"the secret {name}").lstrip(": ")
            raise SecretUnusable(name, why, error.remedy) from None

    def fault(self, secret: SealedSecret, repository: str) -> str | None:
        """Return why *secret* does not open with this key, or None."""
        try:
            self.open(secret, secret.name, repository)
        except SecretUnusable as error:
            return f"{error.why}: {error.remedy}"
        return None


def _recipients_text(request: SecretsRequest, folder: SecretsFolder) -> str:
    """Return the text of the recipients file, empty if the first key is being made."""
    path = folder.full_path(FILE_NAME)
    text = decode(folder.files.get(FILE_NAME, b""), path)
    if not text.strip():
        if request.repository is None:
            why = "the first key needs it, for example --repository example.com/team/app"
            raise InvalidRequest("repository", why)
        return ""
    recipients = read_recipients(text, path)
    if request.repository not in (None, recipients.repository):
        why = f"{path} is for {recipients.repository}, not for {request.repository}"
        raise InvalidRequest("repository", why)
    if any(r.name == request.names[0] for r in recipients.recipients):
        hint = "choose another name; or delete its line, make the key, and run secrets rotate"
        raise WouldOverwrite(f"the recipient {request.names[0]} in {path}", hint)
    return text


def _sealed_for(recipients: Recipients, name: str, secret: bytes) -> SealedSecret:
    try:
        boxes = [
            Box(r.name, r.fingerprint, sealed.seal(secret, r.key, recipients.repository, name))
            for r in recipients.recipients
        ]
    except sealed.SecretError as error:
        raise SecretUnusable(name, error.cause, error.remedy) from None
    return SealedSecret(name, recipients.repository, tuple(boxes))


def _names(recipients: Recipients) -> str:
    return ", ".join(recipient.name for recipient in recipients.recipients)
