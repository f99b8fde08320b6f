"""Images for many platforms, in engines that store them as such (the containerd store).

Such an engine knows a pulled image by the digest of its index, and holds only its own
platform's part of it.  Until version 27 it refuses to push that (INCOMPLETE).
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
MAX_INDEX = 4 * 1024**2


def find_part(
    index: EngineImage | None, reference: Reference, platform: str, export: Iterator[bytes]
) -> Reference:
    """Return the name, where it was pulled from, of the part of *index* for *platform*.

    *export* is the archive of what *reference* names in the engine.  Raises EngineError,
    and BaseNotFound when there is no such part.
    """
    names = map(Reference.parse, index.digests if index else ())
    source = next((name for name in names if name.repository != reference.repository), None)
    if index is None or source is None:
        raise EngineError(f"push {reference}", "nobody knows where it was pulled from")
    document = read_index(export, index.image_id)
    return source.repository.at(choose(document, platform, source))


def read_index(export: Iterator[bytes], digest: str) -> bytes:
    """Return the index *digest* out of an image's *export*; raise EngineError without."""
    wanted = f"blobs/{digest.replace(':', '/')}"
    try:
        with tarfile.open(fileobj=open_stream(export), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name == wanted else None
                if content is not None and member.size <= MAX_INDEX:
                    return content.read()
    except tarfile.TarError as error:
        raise EngineError(f"export {digest}", f"it is not a whole tar: {error}") from None
    raise EngineError(f"export {digest}", "its export does not hold it")
