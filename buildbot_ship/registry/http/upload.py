"""A blob on its way to a registry.

Source: https://github.com/opencontainers/distribution-spec (pushing a blob
monolithically): POST for a place, then one PUT of all bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import attrs

from ...errors import DigestMismatch
from ...model.reference import Repository
from .address import api_url
from .authentication import push_scope
from .response import DIGEST, Answer, refused
from .retry import Fault
from .transport import CHUNK, Call, Transport


class Outgoing:
    """The bytes of a blob, read anew for each attempt; it knows what it has read.

    It is an iterable with a length, so that requests sends a Content-Length.
    """

    def __init__(self, content: bytes | Path) -> None:
        """Take the bytes or where they are; nothing is kept in memory."""
        self._content = content
        self._size = len(content) if isinstance(content, bytes) else content.stat().st_size
        self.digest: str | None = None
        """The digest of all bytes, once they were read to the end."""

    def __len__(self) -> int:
        """Return the size in bytes."""
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes from the start."""
        self.digest = None
        checksum = hashlib.sha256()
        for chunk in self._chunks():
            checksum.update(chunk)
            self.digest = f"sha256:{checksum.hexdigest()}"
            yield chunk

    def _chunks(self) -> Iterator[bytes]:
        if isinstance(self._content, bytes):
            for start in range(0, len(self._content), CHUNK):
                yield self._content[start : start + CHUNK]
            return
        with self._content.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


@attrs.frozen
class Upload:
    """One blob to one repository; it starts over after a fault."""

    transport: Transport
    repository: Repository
    digest: str

    @property
    def what(self) -> str:
        """Return what a registry would refuse."""
        return f"take {self.digest[:19]} into {self.repository.path}"

    def send(self, content: bytes | Path) -> int:
        """Send *content*; return its size in bytes.  Raises DigestMismatch."""
        outgoing = Outgoing(content)
        attempts = self.transport.attempts(self.repository.registry)
        attempts.until(lambda faults: self._attempt(outgoing, again=faults > 0))
        return len(outgoing)

    def _attempt(self, outgoing: Outgoing, *, again: bool) -> None:
        # The answer to the last attempt may be all that got lost.
        if again and self._arrived():
            return
        place = self._reserve()
        query = urlencode({"digest": self.digest})
        url = f"{place}{'&' if '?' in place else '?'}{query}"
        headers = {"Content-Type": "application/octet-stream"}
        body = outgoing if len(outgoing) else b""
        answer = self.transport.once(self._call("PUT", url, headers, body))
        self._verify(answer, outgoing)

    def _verify(self, answer: Answer, outgoing: Outgoing) -> None:
        sent = outgoing.digest or self.digest
        if sent != self.digest:
            raise DigestMismatch(f"a blob for {self.repository}", self.digest, sent)
        if answer.status == 404:
            raise Fault("it forgot an upload")
        if answer.status not in (201, 204):
            raise refused(answer, self.repository.registry, self.what)
        got = answer.headers.get(DIGEST, self.digest)
        if got != self.digest:
            raise DigestMismatch(f"what {self.repository} took", self.digest, got)

    def _arrived(self) -> bool:
        url = f"/v2/{self.repository.path}/blobs/{self.digest}"
        return self.transport.once(self._call("HEAD", url)).status == 200

    def _reserve(self) -> str:
        url = f"/v2/{self.repository.path}/blobs/uploads/"
        answer = self.transport.once(self._call("POST", url))
        if answer.status != 202 or not answer.headers.get("Location"):
            raise refused(answer, self.repository.registry, self.what)
        return upload_url(self.repository, answer)

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes | Outgoing | None = None,
    ) -> Call:
        scopes = (push_scope(self.repository),)
        registry = self.repository.registry
        return Call(registry, method, url, self.what, scopes, headers or {}, body)


def upload_url(repository: Repository, answer: Answer) -> str:
    """Return the whole URL of the upload that *answer* began."""
    base = urlsplit(f"{api_url(repository.registry)}/v2/")
    there = urlsplit(urljoin(base.geturl(), answer.headers["Location"]))
    # Behind a proxy that ends TLS, registries name themselves with http.
    if there.hostname == base.hostname:
        there = there._replace(scheme=base.scheme, netloc=base.netloc)
    return urlunsplit(there)
