"""Upload a blob: a POST returns an upload URL, then one PUT sends all bytes.

Source: https://github.com/opencontainers/distribution-spec (pushing a blob monolithically).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import attrs

from ...errors import DigestMismatch
from ...model.reference import Repository
from .address import api_url
from .authentication import push_scope
from .metering import Meter
from .redirect import resolve
from .response import DIGEST, Answer
from .retry import RetryableFault
from .transport import Call, Transport, refusal

_CHUNK = 1 << 16
"""Bytes that are sent at a time; the connection must take them within the read timeout."""


class BlobContent:
    """The bytes of a blob, read from the start in each attempt, and their digest.

    It is an iterable with a length, so that requests sends a Content-Length.
    """

    def __init__(self, content: bytes | Path, meter: Meter) -> None:
        """Take the bytes, or a file that is read in chunks; *meter* checks the rate."""
        self._content, self._meter = content, meter
        self._size = len(content) if isinstance(content, bytes) else content.stat().st_size
        self.digest: str | None = None
        """The digest of the bytes read so far; None before the first."""

    def __len__(self) -> int:
        """Return the size in bytes."""
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes from the start.  Raises SlowAnswer."""
        yield from self._meter.send(self._hashed())

    def _hashed(self) -> Iterator[bytes]:
        self.digest = None
        checksum = hashlib.sha256()
        for chunk in self._chunks():
            checksum.update(chunk)
            self.digest = f"sha256:{checksum.hexdigest()}"
            yield chunk

    def _chunks(self) -> Iterator[bytes]:
        if isinstance(self._content, bytes):
            for start in range(0, len(self._content), _CHUNK):
                yield self._content[start : start + _CHUNK]
            return
        with self._content.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


@attrs.frozen
class Upload:
    """The upload of one blob to one repository; a retry starts from the first byte."""

    transport: Transport
    repository: Repository
    digest: str

    @property
    def action(self) -> str:
        """Return the action for messages, see `Call`."""
        return f"store {self.digest[:19]} in {self.repository.path}"

    def send(self, content: bytes | Path) -> int:
        """Send *content*; return its size in bytes.  Raises DigestMismatch."""
        blob = BlobContent(content, self.transport.meter())
        retries = self.transport.retries(self.repository.registry)
        retries.run(lambda failed: self._attempt(blob, is_retry=failed > 0))
        return len(blob)

    def _attempt(self, blob: BlobContent, *, is_retry: bool) -> None:
        # The last attempt may have stored the blob, and only its answer was lost.
        if is_retry and self._is_stored():
            return
        upload = self._begin()
        query = urlencode({"digest": self.digest})
        url = f"{upload}{'&' if '?' in upload else '?'}{query}"
        headers = {"Content-Type": "application/octet-stream"}
        body = blob if len(blob) else b""
        call = self._call("PUT", url, headers, body)
        self._verify(self.transport.send_once(call), call, blob)

    def _verify(self, answer: Answer, call: Call, blob: BlobContent) -> None:
        sent = blob.digest or self.digest
        if sent != self.digest:
            raise DigestMismatch(f"a blob for {self.repository}", self.digest, sent)
        if answer.status == 404:
            raise RetryableFault("it lost the upload")
        if answer.status not in (201, 204):
            raise refusal(answer, call)
        stored = answer.headers.get(DIGEST, self.digest)
        if stored != self.digest:
            subject = f"the blob that the registry stored in {self.repository}"
            raise DigestMismatch(subject, self.digest, stored)

    def _is_stored(self) -> bool:
        url = f"/v2/{self.repository.path}/blobs/{self.digest}"
        return self.transport.send_once(self._call("HEAD", url)).status == 200

    def _begin(self) -> str:
        """Begin an upload; return its URL."""
        url = f"/v2/{self.repository.path}/blobs/uploads/"
        call = self._call("POST", url)
        answer = self.transport.send_once(call)
        if answer.status != 202 or not answer.headers.get("Location"):
            raise refusal(answer, call)
        return upload_url(self.repository, answer)

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes | BlobContent | None = None,
    ) -> Call:
        scopes = (push_scope(self.repository),)
        registry = self.repository.registry
        return Call(registry, method, url, self.action, scopes, headers or {}, body)


def upload_url(repository: Repository, answer: Answer) -> str:
    """Return the absolute URL of the upload that *answer* began.  Raises RegistryRefused."""
    base = urlsplit(f"{api_url(repository.registry)}/v2/")
    location = answer.headers["Location"]
    with suppress(ValueError):
        url = urlsplit(urljoin(base.geturl(), location))
        # A registry behind a proxy that ends TLS returns http URLs of itself.
        if url.scheme in ("http", "https") and url.hostname == base.hostname:
            return urlunsplit(url._replace(scheme=base.scheme, netloc=base.netloc))
    action = f"begin an upload to {repository.path}"
    return resolve(repository.registry, action, base.geturl(), location)
