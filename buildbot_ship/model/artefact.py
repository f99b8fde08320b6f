"""Records of artefacts (wheel, wheelhouse, layer, pex, image, test) in the work folder.

One verb writes them for the next.  Every record names its commit, so that a verb never uses the
output of an earlier build.
"""

from __future__ import annotations

import re
from typing import Any

import attrs

from ..errors import InvalidRequest
from .reference import digest_of

_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}\.whl")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}")
_DIGEST = re.compile(r"[a-z0-9]{1,16}:[0-9A-Za-z_-]{1,128}")


def _matches(pattern: re.Pattern[str], expected: str) -> Any:
    """Return a validator: containers and caches write records, and names become paths."""

    def validate(_: object, attribute: Any, value: object) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidRequest(attribute.name, f"{value!r} is not {expected}")

    return validate


wheel_file = _matches(_WHEEL, "the plain file name of a wheel")
distribution_file = _matches(_FILE, "the plain file name of a distribution")
a_digest = _matches(_DIGEST, "a digest")


@attrs.frozen
class Listing:
    """A summary of the paths that a wheel installs: their *tops*, and a *digest* of all.

    ``model/application/installed_files.py`` has the rules.
    """

    tops: tuple[str, ...] = ()
    digest: str = ""


@attrs.frozen
class Wheel:
    """One wheel of the wheelhouse; *digest* is that of the file.

    *own* is true for own packages.  ``inside/building/wheel_metadata.py`` reads the other
    fields: *requires*, *provides* (the extras), *scripts* (``module:function`` by name, empty
    for a script file), *glibc* (N for glibc 2.N, or 0) and *listing*.
    """

    file: str = attrs.field(validator=wheel_file)
    digest: str = attrs.field(validator=a_digest)
    size: int
    built: bool = False
    own: bool = False
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    scripts: dict[str, str] = attrs.field(factory=dict)
    glibc: int = 0
    listing: Listing = Listing()

    @property
    def title(self) -> str:
        """Return name and version, for messages."""
        return f"{self.name} {self.version}"

    @property
    def rank(self) -> tuple[bool, str]:
        """Return the rank in a file conflict: the highest rank wins, so own packages do."""
        return self.own, self.name

    @property
    def name(self) -> str:
        """Return the normalised name of the distribution."""
        return str(self._parts()[0])

    @property
    def version(self) -> str:
        """Return the version of the distribution."""
        return str(self._parts()[1])

    @property
    def pure(self) -> bool:
        """Return whether the wheel is for any platform."""
        return {tag.platform for tag in self._parts()[3]} == {"any"}

    def _parts(self) -> tuple[Any, ...]:
        # Imported late: every verb reads records, but only some parse file names.
        from packaging.utils import parse_wheel_filename  # noqa: PLC0415

        return parse_wheel_filename(self.file)


@attrs.frozen
class Wheelhouse:
    """All wheels of a commit; *base* is the build base, *base_key* its key.

    *tools* is the tools image of the build, empty if nothing was built.  A cached wheel need
    not be in the work folder.  *extras* are those of the strict file, by package name.
    """

    commit: str
    base: str
    tools: str
    wheels: tuple[Wheel, ...]
    base_key: str = ""
    extras: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen
class Dependents:
    """ELF files that need the same libraries; *file* is the first of *count* files.

    *package* is the package of the files (``numpy 2.4.6``), if any.  *needed* are the
    libraries, and *folders* are the run paths, which the loader searches first.  A *program*
    starts a process, so none of its libraries is loaded already.  If the folders are
    *inherited*, the loaded libraries use them too.
    """

    file: str
    needed: tuple[str, ...]
    machine: str
    count: int = 1
    package: str = ""
    folders: tuple[str, ...] = ()
    program: bool = False
    inherited: bool = False


@attrs.frozen
class Binaries:
    """The shared libraries of a layer or a pex.

    *dependents* need libraries that are not among these files.  *libraries* are the library
    names in each folder.
    """

    dependents: tuple[Dependents, ...] = ()
    libraries: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen
class Layer:
    """One layer that we built: *diff_id* of the tar, *digest* and *size* of the gzipped tar.

    *title* describes the content, empty for the layer of COPY.  *key* is the cache key, empty
    if the layer is not cached.  *of_pex* is true for a layer of a pex.  *binaries* is None if
    the layer was not inspected.
    """

    diff_id: str = attrs.field(validator=a_digest)
    digest: str = attrs.field(validator=a_digest)
    size: int
    title: str = ""
    key: str = ""
    of_pex: bool = False
    binaries: Binaries | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def verb(self) -> str:
        """Return the step that builds the layer."""
        return "BuildPex" if self.of_pex else "BuildRuntimeImage"


@attrs.frozen
class Package:
    """A package in a pex or an image: its *version*, and the names of what it *requires*."""

    version: str
    requires: tuple[str, ...] = ()


@attrs.frozen
class Needs:
    """The requirements of a pex on its runtime base.

    Python *minor* (``3.11``), and for compiled wheels the *abi*
    (``cpython-311-x86_64-linux-gnu``) and *glibc*: N for glibc 2.N, or 0.
    """

    minor: str
    abi: str = ""
    glibc: int = 0


@attrs.frozen
class Pex:
    """One pex: a file, and with the layered layout the *layers* with its packages.

    *size* and *binaries* are those of the file.  *packages* has what the pex contains, by name.
    """

    commit: str
    name: str
    digest: str
    size: int
    layers: tuple[Layer, ...] = ()
    needs: Needs | None = None
    binaries: Binaries | None = attrs.field(default=None, eq=False, repr=False)
    packages: dict[str, Package] = attrs.field(factory=dict, eq=False, repr=False)

    @property
    def whole(self) -> str:
        """Return a digest of file and layers; without layers, the digest of the file."""
        if not self.layers:
            return self.digest
        parts = [self.digest, *(layer.diff_id for layer in self.layers)]
        return digest_of(" ".join(parts).encode())


@attrs.frozen
class Image:
    """An assembled image, which `PushTagged` pushes.

    *base* is a reference with the digest of the base's manifest.  *size* is that of all
    compressed layers in bytes, base layers included.  *loaded_as* is the name in the engine,
    empty if it is not loaded.  *packages* are those of its pexes, by name.
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
    packages: dict[str, Package] = attrs.field(factory=dict, eq=False, repr=False)


@attrs.frozen
class PassedTest:
    """The image *name* that passed a smoke test: exactly the one with *manifest_digest*."""

    commit: str
    name: str
    manifest_digest: str
    image_id: str
