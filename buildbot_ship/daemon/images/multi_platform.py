"""Multi-platform images in an engine with the containerd image store.

Such an engine identifies a pulled image by the digest of its index, but stores the image of
its own platform only.  Up to version 26 it refuses to push that index (`INCOMPLETE`).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from ...errors import EngineError
from ...model.image.base import choose
from ...model.reference import Reference
from ..interface import EngineImage
from ..shared.archive import open_stream

INCOMPLETE = "missing content"
"""The engine's error when it has not all images of an index."""
MAX_INDEX = 4 * 1024**2
"""Bytes of an index."""


def find_platform_image(
    index: EngineImage | None, reference: Reference, platform: str, export: Iterator[bytes]
) -> Reference:
    """Return the image of *index* for *platform*, in the repository it was pulled from.

    *export* is the engine's archive of *reference*.  Raises EngineError, and BaseNotFound if
    the index has no image for *platform*.
    """
    names = map(Reference.parse, index.digests if index else ())
    source = next((name for name in names if name.repository != reference.repository), None)
    if index is None or source is None:
        raise EngineError(
            f"push {reference}", "the engine does not say where it was pulled from"
        )
    document = read_index(export, index.image_id)
    return source.repository.at(choose(document, platform, source))


def read_index(export: Iterator[bytes], digest: str) -> bytes:
    """Return the index *digest* from an image's *export*.  Raises EngineError."""
    wanted = f"blobs/{digest.replace(':', '/')}"
    try:
        with tarfile.open(fileobj=open_stream(export), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name == wanted else None
                if content is not None and member.size <= MAX_INDEX:
                    return content.read()
    except tarfile.TarError as error:
        raise EngineError(
            f"export {digest}", f"the export is not a complete tar: {error}"
        ) from None
    raise EngineError(f"export {digest}", "the export does not contain the index")
