"""The registry client: manifests, tags and blobs over the distribution API.

Source: https://github.com/opencontainers/distribution-spec (``spec.md``); media types of
Docker's schema 2 from https://distribution.github.io/distribution/spec/manifest-v2-2/.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from ..errors import (
    DigestMismatch,
    InvalidReference,
    LimitExceeded,
    RegistryForbidden,
    RegistryRefused,
)
from ..model.image.manifest import KINDS
from ..model.json_text import read_json
from ..model.log import Log
from ..model.reference import Reference, Repository, check_digest, digest_of
from ..model.request.settings import Credential, RegistryOptions
from .connection import new_transport
from .http.authentication import cancel_scope, pull_scope, push_scope
from .http.download import stream_blob
from .http.response import DIGEST, Answer, Call, refusal
from .http.retry import SHORT_PATIENCE, RetryableFault, RetryPolicy, Sleep, policy_from
from .http.tag_list import list_tags
from .http.upload import Upload, upload_address
from .interface import Manifest, Progress

_ACCEPT = {"Accept": ", ".join(KINDS)}
_MANIFEST_LIMIT = 4 * 1024**2
_BLOB_LIMIT = 16 * 1024**2


def _discard(_: str) -> None:
    """Drop a log line."""


class RegistryClient:
    """A Registry that talks HTTP.

    *credentials* take precedence over Docker's ``config.json``, which DOCKER_CONFIG or HOME in
    *environment* locate.  The default *policy* is that of `policy_from`.  *log* gets a line
    before each retry.  *sleep* takes seconds; *clock* returns monotonic seconds.
    """

    def __init__(
        self,
        credentials: tuple[Credential, ...] = (),
        options: RegistryOptions | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        policy: RetryPolicy | None = None,
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        log: Log = _discard,
    ) -> None:
        """Open no connection yet."""
        environment = os.environ if environment is None else environment
        self._transport = new_transport(
            credentials,
            options or RegistryOptions(),
            environment,
            policy=policy or policy_from(environment),
            sleep=sleep,
            clock=clock,
            log=log,
        )

    def with_short_patience(self) -> RegistryClient:
        """Return a client with the same connections and logins that gives up after 15 s."""
        other = copy.copy(self)
        other._transport = self._transport.with_patience(SHORT_PATIENCE)
        return other

    def manifest(self, reference: Reference) -> Manifest | None:
        """Return the manifest of *reference*, its digest verified, or None if there is none.

        Raises DigestMismatch, and LimitExceeded for more than 4 MiB.
        """
        call = _manifest_call("GET", reference)
        answer = self._send_optional(call)
        if answer is None:
            return None
        if len(answer.body) > _MANIFEST_LIMIT:
            raise LimitExceeded(f"the manifest of {reference}", "4 MiB")
        _verify(reference, answer)
        return Manifest(_media_type(answer, call), answer.body)

    def head(self, reference: Reference) -> str | None:
        """Return the digest of *reference*, or None; do not download the manifest."""
        answer = self._send_optional(_manifest_call("HEAD", reference))
        if answer is None:
            return None
        digest = answer.headers.get(DIGEST)
        if digest:
            return _checked(digest, reference)
        manifest = self.manifest(reference)
        return manifest.digest if manifest else None

    def put(self, reference: Reference, manifest: Manifest) -> str:
        """Store *manifest*; return its digest.  Raises DigestMismatch."""
        digest = manifest.digest
        if reference.digest not in (None, digest):
            raise DigestMismatch(f"the manifest for {reference}", str(reference.digest), digest)
        call = _manifest_call("PUT", reference, manifest)
        answer = self._transport.send(call)
        if b"BLOB_UNKNOWN" in answer.body:
            # distribution finds no link while a second writer of the same blob replaces it.
            answer = self._transport.send(call)
        if answer.status not in (200, 201):
            raise refusal(answer, call)
        stored = answer.headers.get(DIGEST) or self.head(reference)
        if stored != digest:
            subject = f"the manifest that the registry stored as {reference}"
            raise DigestMismatch(subject, digest, stored or "nothing")
        return digest

    def list_tags(self, repository: Repository) -> tuple[str, ...]:
        """Return every tag of *repository*, none if the registry has no such repository."""
        return list_tags(self._transport, repository)

    def has(self, repository: Repository, digest: str) -> bool:
        """Return whether *repository* has the blob."""
        url = f"/v2/{repository.path}/blobs/{digest}"
        action = f"check for {digest[:19]} in {repository.path}"
        call = Call(repository.registry, "HEAD", url, action, (pull_scope(repository),))
        return self._send_optional(call) is not None

    def blob(self, repository: Repository, digest: str) -> bytes:
        """Return a blob of at most 16 MiB, its digest verified.

        Raises ImageNotFound, DigestMismatch, LimitExceeded.
        """
        data = bytearray()
        for chunk in self.stream(repository, digest):
            data += chunk
            if len(data) > _BLOB_LIMIT:
                raise LimitExceeded(str(repository.at(digest)), "16 MiB")
        return bytes(data)

    def stream(self, repository: Repository, digest: str) -> Iterator[bytes]:
        """Yield a blob in chunks; verify its digest before the last chunk.

        Raises ImageNotFound, DigestMismatch, LimitExceeded, at the first chunk or later.
        """
        return stream_blob(self._transport, repository, digest)

    def mount(self, repository: Repository, digest: str, source: Repository) -> bool:
        """Mount a blob of *source* on the same registry; return False if it declines."""
        if repository.registry != source.registry:
            return False
        query = urlencode({"mount": digest, "from": source.path})
        url = f"/v2/{repository.path}/blobs/uploads/?{query}"
        action = f"mount {digest[:19]} into {repository.path}"
        scopes = (push_scope(repository), pull_scope(source))
        call = Call(repository.registry, "POST", url, action, scopes)
        answer = self._transport.send(call)
        if answer.status == 202 and answer.headers.get("Location"):
            self._cancel_upload(repository, answer)
        if answer.status not in (201, 202, 404, 405):
            raise refusal(answer, call)
        return answer.status == 201

    def upload(
        self,
        repository: Repository,
        digest: str,
        content: bytes | Path,
        progress: Progress | None = None,
    ) -> int:
        """Upload a blob that the repository lacks; return the number of bytes sent.

        Raises DigestMismatch if *content*, or the blob that the registry stored, has another
        digest.
        """
        return Upload(self._transport, repository, digest).send(content, progress)

    def _send_optional(self, call: Call) -> Answer | None:
        """Return the answer to *call*, or None for HTTP status 404."""
        answer = self._transport.send(call)
        if answer.status not in (200, 404):
            raise refusal(answer, call)
        return answer if answer.status == 200 else None

    def _cancel_upload(self, repository: Repository, begun: Answer) -> None:
        """Cancel the upload that a registry began instead of a mount.

        A failure is ignored: some registries let a user push but not cancel, and a registry
        removes unfinished uploads itself.
        """
        scopes = (cancel_scope(repository),)
        action = f"cancel an upload to {repository.path}"
        with suppress(RetryableFault, RegistryForbidden, RegistryRefused):
            url = upload_address(self._transport, repository, begun).url
            self._transport.send_once(Call(repository.registry, "DELETE", url, action, scopes))


def _manifest_call(method: str, reference: Reference, manifest: Manifest | None = None) -> Call:
    repository = reference.repository
    return Call(
        repository.registry,
        method,
        f"/v2/{repository.path}/manifests/{reference.selector}",
        f"{'store' if manifest else 'serve'} {reference}",
        (push_scope(repository) if manifest else pull_scope(repository),),
        {"Content-Type": manifest.media_type} if manifest else _ACCEPT,
        manifest.data if manifest else None,
        _MANIFEST_LIMIT,
    )


def _checked(digest: str, reference: Reference) -> str:
    """Return the *digest* in a header.  Raises RegistryRefused if it is none."""
    try:
        return check_digest(digest)
    except InvalidReference:
        registry = reference.repository.registry
        why = "its answer has a malformed digest"
        raise RegistryRefused(registry, f"serve {reference}", why) from None


def _verify(reference: Reference, answer: Answer) -> None:
    """Raise DigestMismatch unless the bytes have the digests of *reference* and the header."""
    actual = digest_of(answer.body)
    for expected in (reference.digest, answer.headers.get(DIGEST)):
        if expected not in (None, actual):
            raise DigestMismatch(f"the manifest of {reference}", str(expected), actual)


def _media_type(answer: Answer, call: Call) -> str:
    """Return the manifest's media type: from the header, or from the document itself."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if media_type not in KINDS:
        try:
            media_type = read_json(answer.body)["mediaType"]
        except (ValueError, KeyError, TypeError):
            media_type = ""
    if media_type not in KINDS:
        why = "the manifest has an unknown media type"
        raise RegistryRefused(call.registry, call.action, why)
    return media_type
