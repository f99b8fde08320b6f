"""Upload a blob: a POST returns an upload URL, then one PUT sends all bytes.

If a proxy limits bodies, or after a broken connection, PATCH requests send the bytes in parts
instead.  An upload in parts goes on after the last part that the registry has.

Source: https://github.com/opencontainers/distribution-spec (pushing a blob monolithically,
pushing a blob in chunks).
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import attrs

from ...errors import DigestMismatch, RegistryForbidden, RegistryRefused
from ...model.reference import Repository
from .authentication import push_scope
from .blob_content import BlobContent, Part, Progress
from .redirect import UPLOAD_HINT, UploadAddress, shown
from .redirect import upload_address as read_address
from .response import DIGEST, Answer, Call, refusal
from .retry import Retries, RetryableFault
from .transport import Transport

_KIB = 1024
_SIZES = tuple(size * _KIB for size in (65536, 16384, 4096, 1024, 256))
"""Sizes of a part in bytes; each is tried after the registry's proxy refused the one before."""
_AFTER_A_FAULT = 16384 * _KIB
_RANGE = re.compile(r"(?:bytes=)?0-([0-9]{1,15})")
_TAKEN = (201, 202, 204)
_OCTETS = {"Content-Type": "application/octet-stream"}


@attrs.define
class Upload:
    """The upload of one blob to one repository.

    It goes on at *address*, after *offset* bytes; *furthest* is the largest offset so far.
    """

    transport: Transport
    repository: Repository
    digest: str
    address: UploadAddress = attrs.field(factory=lambda: UploadAddress(""), init=False)
    offset: int = attrs.field(default=0, init=False)
    furthest: int = attrs.field(default=0, init=False)
    least_part: int = attrs.field(default=0, init=False)

    @property
    def action(self) -> str:
        """Return the action for messages, see `Call`."""
        return f"store {self.digest[:19]} in {self.repository.path}"

    def send(self, content: bytes | Path, progress: Progress | None = None) -> int:
        """Send *content*; return its size in bytes.  Raises DigestMismatch.

        *progress* gets the bytes sent so far and their number, before each chunk.
        """
        blob = BlobContent(content, self.transport.meter(), progress)
        retries = self.transport.retries(self.repository.registry)
        retries.run(lambda failed: self._attempt(blob, retries, is_retry=failed > 0))
        return len(blob)

    def _attempt(self, blob: BlobContent, retries: Retries, *, is_retry: bool) -> None:
        # The last attempt may have stored the blob, and only its answer was lost.
        if is_retry and self._is_stored():
            return
        if not (is_retry and self._can_go_on()):
            self._begin()
        in_parts = self.offset or self._limit or (is_retry and len(blob) > _AFTER_A_FAULT)
        if not in_parts and self._send_whole(blob):
            return
        while self.offset < len(blob):
            self._send_part(blob)
            if self.offset > self.furthest:
                self.furthest = self.offset
                retries.restart()
        self._finish(blob)

    def _send_whole(self, blob: BlobContent) -> bool:
        """Send all bytes at once; return False if that is too much for the registry."""
        call = self._call("PUT", self._url_with_digest, _OCTETS, blob if len(blob) else b"")
        answer = self._send(call)
        if answer.status == 413:
            self._lower_limit(len(blob), call)
            return False
        self._verify(answer, call, blob.digest or self.digest)
        return True

    def _send_part(self, blob: BlobContent) -> None:
        """Send the next part, and note where the registry wants the one after it."""
        limit = max(self._limit or _AFTER_A_FAULT, self.least_part)
        end = min(self.offset + limit, len(blob))
        headers = {**_OCTETS, "Content-Range": f"{self.offset}-{end - 1}"}
        part = Part(blob, self.offset, end)
        call = self._call("PATCH", self.address.url, headers, part)
        answer = self._send(call)
        if answer.status == 413:
            self._lower_limit(len(part), call)
            return
        if answer.status == 404:
            raise RetryableFault(f"it lost the upload at {shown(call.url)}")
        if answer.status == 416:
            raise RetryableFault("it lost a part of the upload")
        if answer.status not in _TAKEN:
            raise refusal(answer, call)
        stored = _stored(answer, end)
        if not self.offset < stored <= end:
            raise RetryableFault(f"it kept {stored} bytes of the upload instead of {end}")
        self._move(answer, stored)

    def _finish(self, blob: BlobContent) -> None:
        call = self._call("PUT", self._url_with_digest, _OCTETS, b"")
        answer = self._send(call)
        refused = 400 <= answer.status < 500 and answer.status != 404
        self._verify(answer, call, blob.whole_digest() if refused else self.digest)

    def _verify(self, answer: Answer, call: Call, sent: str) -> None:
        if sent != self.digest:
            raise DigestMismatch(f"a blob for {self.repository}", self.digest, sent)
        if answer.status == 404:
            raise RetryableFault(f"it lost the upload at {shown(call.url)}")
        if answer.status not in (201, 204):
            raise refusal(answer, call)
        stored = answer.headers.get(DIGEST, self.digest)
        if stored != self.digest:
            subject = f"the blob that the registry stored in {self.repository}"
            raise DigestMismatch(subject, self.digest, stored)

    def _is_stored(self) -> bool:
        url = f"/v2/{self.repository.path}/blobs/{self.digest}"
        return self.transport.send_once(self._call("HEAD", url)).status == 200

    def _begin(self) -> None:
        """Begin an upload."""
        call = self._call("POST", f"/v2/{self.repository.path}/blobs/uploads/")
        answer = self.transport.send_once(call)
        if answer.status != 202 or not answer.headers.get("Location"):
            raise refusal(answer, call)
        self.address = upload_address(self.transport, self.repository, answer)
        self.offset = 0
        least = answer.headers.get("OCI-Chunk-Min-Length", "")
        self.least_part = (
            min(int(least), _SIZES[0]) if re.fullmatch("[0-9]{1,15}", least) else 0
        )

    def _can_go_on(self) -> bool:
        """Ask where the upload in parts goes on; return False if the registry does not know."""
        if not self.offset:
            return False
        answer = self._send(self._call("GET", self.address.url))
        stored = _stored(answer, 0)
        if answer.status not in (200, 202, 204) or not 0 < stored <= self.offset:
            return False
        self._move(answer, stored)
        return True

    def _move(self, answer: Answer, stored: int) -> None:
        """Note that the registry has *stored* bytes, and gave a new address if any."""
        self.offset = stored
        if answer.headers.get("Location"):
            source = self.address.url
            self.address = upload_address(self.transport, self.repository, answer, source)

    @property
    def _limit(self) -> int | None:
        """Return how many bytes a request to this registry may have, as far as is known."""
        return self.transport.body_limits.get(self.repository.registry)

    def _lower_limit(self, refused: int, call: Call) -> None:
        """Try smaller parts than the *refused* bytes from now on.  Raises RegistryRefused."""
        size = next((size for size in _SIZES if size < refused), 0)
        if size < max(self.least_part, 1):
            why = f"{refused} bytes in one request are too much for it or its proxy"
            hint = "raise the limit, for example client_max_body_size of nginx"
            raise RegistryRefused(call.registry, call.action, why, hint)
        self.transport.body_limits[self.repository.registry] = size

    def _send(self, call: Call) -> Answer:
        """Send *call* to the address of the upload; an error names an odd one.

        A host that has taken bytes before is the right one: it may have lost this upload.
        """
        oddity = self.address.oddity
        if not oddity:
            return self.transport.send_once(call)
        try:
            answer = self.transport.send_once(call)
        except RetryableFault as fault:
            raise RetryableFault(f"{oddity}: {fault.why}", fault.retry_after) from None
        except RegistryForbidden:
            why = f"{oddity}: not authorised"
            raise RegistryRefused(call.registry, call.action, why, UPLOAD_HINT) from None
        except RegistryRefused as error:
            why = f"{oddity}: {error.why}"
            raise RegistryRefused(call.registry, call.action, why, error.hint) from None
        host, known = urlsplit(self.address.url).netloc, self.transport.upload_hosts
        if answer.status in _TAKEN:
            known.add(host)
        elif answer.status == 404 and host in known:
            return answer
        if answer.status in (301, 302, 307, 308, 400, 404, 405) and call.method != "GET":
            why = f"{oddity}: {answer.message}"
            raise RegistryRefused(call.registry, call.action, why, UPLOAD_HINT)
        return answer

    @property
    def _url_with_digest(self) -> str:
        url = self.address.url
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'digest': self.digest})}"

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        body: bytes | BlobContent | Part | None = None,
    ) -> Call:
        scopes = (push_scope(self.repository),)
        registry = self.repository.registry
        return Call(registry, method, url, self.action, scopes, headers or {}, body)


def _stored(answer: Answer, default: int) -> int:
    """Return how many bytes of an upload the registry has, or *default* if it does not say."""
    match = _RANGE.fullmatch(answer.headers.get("Range", "").strip())
    return int(match[1]) + 1 if match else default


def upload_address(
    transport: Transport, repository: Repository, answer: Answer, source: str = ""
) -> UploadAddress:
    """Return the address of the upload that *answer* has.  Raises RegistryRefused."""
    registry, addresses = repository.registry, transport.addresses
    begin = f"{addresses.api_url(registry)}/v2/{repository.path}/blobs/uploads/"
    action = f"begin an upload to {repository.path}"
    location = answer.headers["Location"]
    return read_address(registry, action, source or begin, location, addresses)
