"""Download a blob, and resume after a fault."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ...errors import DigestMismatch, ImageNotFound, LimitExceeded
from ...model.reference import Repository
from .authentication import pull_scope
from .response import Call, refusal
from .retry import RetryableFault
from .transport import Transport

_LIMIT = 16 * 1024**3
_PROGRESS = 16 * 1024**2
"""Bytes between two faults after which a download has its full patience again."""


def stream_blob(transport: Transport, repository: Repository, digest: str) -> Iterator[bytes]:
    """Yield a blob in chunks; verify its digest before the last chunk.

    A retry resumes where the fault interrupted the download.  Raises ImageNotFound,
    DigestMismatch, and LimitExceeded for more than 16 GiB.
    """
    checksum, received, held_back = hashlib.sha256(), 0, b""
    retries, at_fault = transport.retries(repository.registry), 0
    while True:
        try:
            for chunk in _chunks_from(received, transport, repository, digest):
                checksum.update(chunk)
                received += len(chunk)
                if received > _LIMIT:
                    raise LimitExceeded(f"a blob of {repository}", "16 GiB")
                if held_back:
                    yield held_back
                held_back = chunk
            break
        except RetryableFault as fault:
            last = fault
        if received - at_fault >= _PROGRESS:
            retries.restart()
        at_fault = received
        retries.pause_after(last)
    actual = f"sha256:{checksum.hexdigest()}"
    if actual != digest:
        raise DigestMismatch(f"a blob of {repository}", digest, actual)
    yield held_back


def _chunks_from(
    start: int, transport: Transport, repository: Repository, digest: str
) -> Iterator[bytes]:
    """Yield the bytes of the blob from offset *start*, even if the registry ignores Range."""
    action = f"serve {digest[:19]} of {repository.path}"
    url = f"/v2/{repository.path}/blobs/{digest}"
    ranged = {"Range": f"bytes={start}-"} if start else {}
    call = Call(repository.registry, "GET", url, action, (pull_scope(repository),), ranged)
    with transport.open(call) as (answer, chunks):
        if answer.status == 404:
            raise ImageNotFound(str(repository.at(digest)))
        if answer.status == 416 and start:
            return
        if answer.status not in (200, 206):
            raise refusal(answer, call)
        yield from chunks if answer.status == 206 else _skip(chunks, start)


def _skip(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        rest = chunk[count:]
        count -= min(count, len(chunk))
        if rest:
            yield rest
