"""Files out of an image's layers, read from its registry as they stream by."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence

from ..errors import InvalidManifest, LimitExceeded
from ..model.reference import Repository
from .interface import Registry

_FILE_LIMIT = 64 * 1024**2
_LAYER_LIMIT = 16 * 1024**3


def newest_file(
    registry: Registry, repository: Repository, layers: Sequence[str], path: str
) -> bytes | None:
    """Return the file that containers see at *path* (no leading slash), or None.

    *layers* are digests of gzipped or plain tars, the lowest first; they are read from the
    top until one has the file.  Raises InvalidManifest for one that is no such tar.
    """
    for digest in reversed(layers):
        found = _find(registry, repository, digest, path)
        if found is not None:
            return found
    return None


def _find(registry: Registry, repository: Repository, digest: str, path: str) -> bytes | None:
    chunks = _Chunks(registry.stream(repository, digest))
    buffered = io.BufferedReader(chunks, 1 << 18)
    packed = buffered.peek(2)[:2] == b"\x1f\x8b"
    content = gzip.GzipFile(fileobj=buffered) if packed else buffered
    found = None
    try:
        with tarfile.open(fileobj=content, mode="r|") as archive:
            for member in archive:
                if archive.offset > _LAYER_LIMIT or member.size > _LAYER_LIMIT:
                    raise LimitExceeded(f"layer {digest[:19]}", "16 GiB")
                if member.name.removeprefix("./") == path and member.isreg():
                    found = _read(archive, member)
        while buffered.read(1 << 18):
            pass  # To the end: only then is the digest verified.
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        why = f"layer {digest[:19]} is no tar: {type(error).__name__}"
        raise InvalidManifest(str(repository), why) from None
    return found


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _FILE_LIMIT:
        raise LimitExceeded(f"{member.name} in an image", "64 MiB")
    file = archive.extractfile(member)
    return file.read() if file else b""


class _Chunks(io.RawIOBase):
    """An iterator of bytes, as a file to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill *buffer* as far as one chunk goes."""
        if not self._rest:
            self._rest = next((chunk for chunk in self._chunks if chunk), b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
