"""What one verb leaves in the work folder for the next, as values.

Every record names the commit it was made from, so that a verb never takes what an
earlier build left behind.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Wheel:
    """One wheel as it lies in the wheelhouse; *digest* is of its bytes as built."""

    file: str
    digest: str
    size: int
    built: bool = False


@attrs.frozen
class Wheelhouse:
    """All wheels of a commit; *base* is what they were made on, *ground* is its key.

    *tools* is the image they were made in, empty where nothing had to be made.  A wheel
    that was known need not lie in the work folder.
    """

    commit: str
    base: str
    tools: str
    wheels: tuple[Wheel, ...]
    ground: str = ""


@attrs.frozen
class Pex:
    """One pex file."""

    commit: str
    name: str
    digest: str
    size: int


@attrs.frozen
class Layer:
    """One layer of ours: *diff_id* of the tar, *digest* and *size* of the gzipped tar."""

    diff_id: str
    digest: str
    size: int


@attrs.frozen
class Image:
    """An assembled image: what `PushTagged` sends, and the name the engine has it under.

    *base* is a reference with the digest of the base's manifest; *size* is the sum of
    the compressed layers in bytes, the base's included.  *loaded_as* is the name that the
    engine has it under, empty where it has not.
    """

    commit: str
    name: str
    image_id: str
    manifest_digest: str
    media_type: str
    base: str
    layers: tuple[Layer, ...]
    size: int
    loaded_as: str
