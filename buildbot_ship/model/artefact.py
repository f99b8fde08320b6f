"""What one verb leaves in the work folder for the next, as values.

Every record names the commit it was made from, so that a verb never takes what an
earlier build left behind.
"""

from __future__ import annotations

import hashlib

import attrs
from packaging.utils import parse_wheel_filename


@attrs.frozen
class Wheel:
    """One wheel as it lies in the wheelhouse; *digest* is of its bytes as built.

    *own* are the repository's.  *requires*, *scripts* (``module:function`` by name, empty
    for one that the wheel holds as a file) and *glibc* (N where it needs 2.N, else 0) are
    what ``inside/metadata.py`` found in it.
    """

    file: str
    digest: str
    size: int
    built: bool = False
    own: bool = False
    requires: tuple[str, ...] = ()
    scripts: dict[str, str] = attrs.field(factory=dict)
    glibc: int = 0

    @property
    def name(self) -> str:
        """Return the name of the distribution, normalised."""
        return str(parse_wheel_filename(self.file)[0])

    @property
    def version(self) -> str:
        """Return the version of the distribution."""
        return str(parse_wheel_filename(self.file)[1])

    @property
    def pure(self) -> bool:
        """Tell whether it fits every platform."""
        return {tag.platform for tag in parse_wheel_filename(self.file)[3]} == {"any"}


@attrs.frozen
class Wheelhouse:
    """All wheels of a commit; *tools* is the image that they were made in."""

    commit: str
    base: str
    tools: str
    wheels: tuple[Wheel, ...]


@attrs.frozen
class Layer:
    """One layer of ours: *diff_id* of the tar, *digest* and *size* of the gzipped tar.

    *title* says what is in it, where that is not what a Dockerfile copies.
    """

    diff_id: str
    digest: str
    size: int
    title: str = ""


@attrs.frozen
class Needs:
    """What a runtime base must have.

    Python *minor* (``3.11``); and where something is compiled, its *abi*
    (``cpython-311-x86_64-linux-gnu``), and N for glibc 2.N, or 0.
    """

    minor: str
    abi: str = ""
    glibc: int = 0


@attrs.frozen
class Pex:
    """One pex: a file, and with the layered layout the layers of the trees that it runs.

    *size* is the file's.
    """

    commit: str
    name: str
    digest: str
    size: int
    layers: tuple[Layer, ...] = ()
    needs: Needs | None = None

    @property
    def whole(self) -> str:
        """Return a digest of all of it: the file's, where there is nothing else."""
        if not self.layers:
            return self.digest
        parts = [self.digest, *(layer.diff_id for layer in self.layers)]
        return f"sha256:{hashlib.sha256(' '.join(parts).encode()).hexdigest()}"


@attrs.frozen
class Image:
    """An assembled image: what `PushTagged` sends, and the name the engine has it under.

    *base* is a reference with the digest of the base's manifest; *size* is the sum of
    the compressed layers in bytes, the base's included.
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
