"""A blob on its way from a registry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from ...errors import DigestMismatch, ImageNotFound
from ...model.reference import Repository
from .authentication import pull_scope
from .response import refused
from .retry import Fault
from .transport import Call, Transport


def stream_blob(transport: Transport, repository: Repository, digest: str) -> Iterator[bytes]:
    """Yield a blob in chunks, the last one after its digest was verified.

    After a fault it goes on where it was.  Raises ImageNotFound, DigestMismatch.
    """
    checksum, done, held = hashlib.sha256(), 0, b""
    attempts = transport.attempts(repository.registry)
    while True:
        try:
            for chunk in _chunks_from(done, transport, repository, digest):
                checksum.update(chunk)
                done += len(chunk)
                if held:
                    yield held
                held = chunk
            break
        except Fault as fault:
            last = fault
        attempts.after(last)
    got = f"sha256:{checksum.hexdigest()}"
    if got != digest:
        raise DigestMismatch(f"a blob of {repository}", digest, got)
    yield held


def _chunks_from(
    start: int, transport: Transport, repository: Repository, digest: str
) -> Iterator[bytes]:
    """Yield the blob's bytes from *start* on; a registry may ignore ranges."""
    what = f"give {digest[:19]} of {repository.path}"
    url = f"/v2/{repository.path}/blobs/{digest}"
    ranged = {"Range": f"bytes={start}-"} if start else {}
    call = Call(repository.registry, "GET", url, what, (pull_scope(repository),), ranged)
    with transport.open(call) as (answer, chunks):
        if answer.status == 404:
            raise ImageNotFound(str(repository.at(digest)))
        if answer.status == 416 and start:
            return
        if answer.status not in (200, 206):
            raise refused(answer, repository.registry, what)
        yield from chunks if answer.status == 206 else _skip(chunks, start)


def _skip(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        rest = chunk[count:]
        count -= min(count, len(chunk))
        if rest:
            yield rest
