"""All registries, over the distribution API.

Source: https://github.com/opencontainers/distribution-spec (``spec.md``); media types of
docker's schema 2 from https://distribution.github.io/distribution/spec/manifest-v2-2/.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

from ..errors import DigestMismatch, LimitExceeded, RegistryForbidden, RegistryRefused
from ..model.image.manifest import KINDS
from ..model.log import Log
from ..model.reference import Reference, Repository, digest_of
from ..model.request.settings import Credential
from .http.authentication import cancel_scope, pull_scope, push_scope
from .http.credentials import Keychain
from .http.download import stream_blob
from .http.response import DIGEST, Answer, refused
from .http.retry import Fault, RetryPolicy, Sleep
from .http.tag_list import list_tags
from .http.transport import Call, Transport
from .http.upload import Upload, upload_url
from .interface import Manifest

_ACCEPT = {"Accept": ", ".join(KINDS)}
_MANIFEST_LIMIT = 4 * 1024**2
_BLOB_LIMIT = 16 * 1024**2


def _ignore(_: str) -> None:
    """Take a line for people, and drop it."""


class RegistryClient:
    """The real Registry.

    *credentials* win over the Docker configuration of *environment* (DOCKER_CONFIG, HOME).
    *log* gets a line for each attempt that failed.  *sleep* takes seconds, *clock* gives
    seconds that never jump.  *ca_bundle* is a file; without it REQUESTS_CA_BUNDLE counts.
    """

    def __init__(
        self,
        credentials: tuple[Credential, ...] = (),
        *,
        environment: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
        policy: RetryPolicy | None = None,
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        log: Log = _ignore,
    ) -> None:
        """Connect to nothing yet."""
        keychain = Keychain(
            credentials, os.environ if environment is None else environment, log
        )
        self._transport = Transport(
            keychain,
            policy=policy or RetryPolicy(),
            sleep=sleep,
            clock=clock,
            ca_bundle=ca_bundle,
            log=log,
        )

    def manifest(self, reference: Reference) -> Manifest | None:
        """Return what *reference* names, its digest verified, or None when it is not there.

        Raises DigestMismatch, and LimitExceeded from 4 MiB on.
        """
        call = _manifest_call("GET", reference)
        answer = self._find(call)
        if answer is None:
            return None
        if len(answer.body) > _MANIFEST_LIMIT:
            raise LimitExceeded(f"the manifest of {reference}", "4 MiB")
        _verify(reference, answer)
        return Manifest(_media_type(answer, call), answer.body)

    def head(self, reference: Reference) -> str | None:
        """Return the digest that *reference* names, or None; nothing is transferred."""
        answer = self._find(_manifest_call("HEAD", reference))
        if answer is None:
            return None
        digest = answer.headers.get(DIGEST)
        if digest:
            return digest
        found = self.manifest(reference)
        return found.digest if found else None

    def put(self, reference: Reference, manifest: Manifest) -> str:
        """Store *manifest*; return its digest.  Raises DigestMismatch."""
        ours = manifest.digest
        if reference.digest not in (None, ours):
            raise DigestMismatch(f"the manifest for {reference}", str(reference.digest), ours)
        call = _manifest_call("PUT", reference, manifest)
        answer = self._transport.ask(call)
        if answer.status not in (200, 201):
            raise refused(answer, call.registry, call.what)
        theirs = answer.headers.get(DIGEST) or self.head(reference)
        if theirs != ours:
            raise DigestMismatch(f"what was put as {reference}", ours, theirs or "nothing")
        return ours

    def list_tags(self, repository: Repository) -> tuple[str, ...]:
        """Return every tag of *repository*, none when the registry does not know it."""
        return list_tags(self._transport, repository)

    def has(self, repository: Repository, digest: str) -> bool:
        """Tell whether *repository* holds the blob."""
        url = f"/v2/{repository.path}/blobs/{digest}"
        what = f"look for {digest[:19]} in {repository.path}"
        call = Call(repository.registry, "HEAD", url, what, (pull_scope(repository),))
        return self._find(call) is not None

    def blob(self, repository: Repository, digest: str) -> bytes:
        """Return a small blob (at most 16 MiB), verified.

        Raises ImageNotFound, DigestMismatch, LimitExceeded.
        """
        data = bytearray()
        for chunk in self.stream(repository, digest):
            data += chunk
            if len(data) > _BLOB_LIMIT:
                raise LimitExceeded(str(repository.at(digest)), "16 MiB")
        return bytes(data)

    def stream(self, repository: Repository, digest: str) -> Iterator[bytes]:
        """Yield a blob in chunks; the last one only after its digest was verified.

        Raises ImageNotFound, DigestMismatch, at the first chunk or later.
        """
        return stream_blob(self._transport, repository, digest)

    def mount(self, repository: Repository, digest: str, source: Repository) -> bool:
        """Take a blob over from *source* on the same registry; False when it would not."""
        if repository.registry != source.registry:
            return False
        query = urlencode({"mount": digest, "from": source.path})
        url = f"/v2/{repository.path}/blobs/uploads/?{query}"
        what = f"mount {digest[:19]} into {repository.path}"
        scopes = (push_scope(repository), pull_scope(source))
        answer = self._transport.ask(Call(repository.registry, "POST", url, what, scopes))
        if answer.status == 202 and answer.headers.get("Location"):
            self._cancel(repository, answer)
        if answer.status not in (201, 202, 404, 405):
            raise refused(answer, repository.registry, what)
        return answer.status == 201

    def upload(self, repository: Repository, digest: str, content: bytes | Path) -> int:
        """Store a blob that is not there yet; return how many bytes were sent.

        Raises DigestMismatch when *content* has another digest, or the registry says so.
        """
        return Upload(self._transport, repository, digest).send(content)

    def _find(self, call: Call) -> Answer | None:
        """Return the answer to *call*, None where what it asks for is not there."""
        answer = self._transport.ask(call)
        if answer.status not in (200, 404):
            raise refused(answer, call.registry, call.what)
        return answer if answer.status == 200 else None

    def _cancel(self, repository: Repository, begun: Answer) -> None:
        """End the upload that a registry began in place of a mount.

        Who may push may not cancel everywhere; registries sweep uploads up themselves.
        """
        scopes = (cancel_scope(repository),)
        what = f"cancel an upload to {repository.path}"
        with suppress(Fault, RegistryForbidden, RegistryRefused):
            url = upload_url(repository, begun)
            self._transport.once(Call(repository.registry, "DELETE", url, what, scopes))


def _manifest_call(method: str, reference: Reference, manifest: Manifest | None = None) -> Call:
    repository = reference.repository
    return Call(
        repository.registry,
        method,
        f"/v2/{repository.path}/manifests/{reference.selector}",
        f"{'take' if manifest else 'give'} {reference}",
        (push_scope(repository) if manifest else pull_scope(repository),),
        {"Content-Type": manifest.media_type} if manifest else _ACCEPT,
        manifest.data if manifest else None,
        _MANIFEST_LIMIT,
    )


def _verify(reference: Reference, answer: Answer) -> None:
    """Raise DigestMismatch unless the bytes are what was asked for and what was announced."""
    got = digest_of(answer.body)
    for expected in (reference.digest, answer.headers.get(DIGEST)):
        if expected not in (None, got):
            raise DigestMismatch(f"the manifest of {reference}", str(expected), got)


def _media_type(answer: Answer, call: Call) -> str:
    """Return the manifest's media type, which some registries leave to the document."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if media_type not in KINDS:
        try:
            media_type = json.loads(answer.body)["mediaType"]
        except (ValueError, KeyError, TypeError):
            media_type = ""
    if media_type not in KINDS:
        why = "its manifest is of a kind that is not known"
        raise RegistryRefused(call.registry, call.what, why)
    return media_type
