"""Read a file of an image from its layers, as they stream from the registry."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence

from ..errors import InvalidManifest, LimitExceeded
from ..model.image.layer_stream import DamagedLayer, Unpacked
from ..model.reference import Repository
from ..model.tar_stream import read_members
from .interface import Registry

_FILE_LIMIT = 64 * 1024**2


def newest_file(
    registry: Registry, repository: Repository, layers: Sequence[str], path: str
) -> bytes | None:
    """Return the file at *path* (no leading slash) from the top layer that has it, or None.

    *layers* are the digests of tars, plain or compressed, the lowest first.  Raises
    InvalidManifest for a layer that is not such a tar, LimitExceeded for a file of more than
    64 MiB or a layer of more than 16 GiB, ExtraMissing for zstd without a library.
    """
    for digest in reversed(layers):
        content = _find(registry, repository, digest, path)
        if content is not None:
            return content
    return None


def _find(registry: Registry, repository: Repository, digest: str, path: str) -> bytes | None:
    content = None
    try:
        layer = Unpacked(registry.stream(repository, digest))
        for archive, member in read_members(layer):
            if member.name.removeprefix("./") == path and member.isreg():
                content = _read(archive, member)
        layer.drain()
    except (tarfile.TarError, DamagedLayer) as error:
        why = f"layer {digest[:19]} is not a readable tar archive ({error})"
        raise InvalidManifest(str(repository), why) from None
    return content


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _FILE_LIMIT:
        raise LimitExceeded(f"the file {member.name} in an image", "64 MiB")
    file = archive.extractfile(member)
    return file.read() if file else b""
