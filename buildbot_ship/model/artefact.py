"""What one verb leaves in the work folder for the next, as values.

Every record names the commit it was made from, so that a verb never takes what an
earlier build left behind.
"""

from __future__ import annotations

from typing import Any

import attrs

from .reference import digest_of


@attrs.frozen
class Listing:
    """What a wheel installs, in short: where its paths begin, and a digest of all of them.

    ``model/application/installed_files.py`` has the rules.
    """

    tops: tuple[str, ...] = ()
    digest: str = ""


@attrs.frozen
class Wheel:
    """One wheel as it lies in the wheelhouse; *digest* is of its bytes as built.

    *own* are the repository's.  *requires*, *provides* (the names of its extras), *scripts*
    (``module:function`` by name, empty for one that the wheel holds as a file), *glibc* (N
    where it needs 2.N, else 0) and *listing* come from ``inside/building/wheel_metadata.py``.
    """

    file: str
    digest: str
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
        """Return what people call it."""
        return f"{self.name} {self.version}"

    @property
    def rank(self) -> tuple[bool, str]:
        """Return what decides whose file lies in an image: the highest rank wins."""
        return self.own, self.name

    @property
    def name(self) -> str:
        """Return the name of the distribution, normalised."""
        return str(self._parts()[0])

    @property
    def version(self) -> str:
        """Return the version of the distribution."""
        return str(self._parts()[1])

    @property
    def pure(self) -> bool:
        """Tell whether it fits every platform."""
        return {tag.platform for tag in self._parts()[3]} == {"any"}

    def _parts(self) -> tuple[Any, ...]:
        # Imported late: every verb reads records, and only some ask what is in a name.
        from packaging.utils import parse_wheel_filename  # noqa: PLC0415

        return parse_wheel_filename(self.file)


@attrs.frozen
class Wheelhouse:
    """All wheels of a commit; *base* is what they were made on, *base_key* is its key.

    *tools* is the image they were made in, empty where nothing had to be made.  A wheel
    that was known need not lie in the work folder.  *extras* are those that the strict file
    pins, by the name of the package.
    """

    commit: str
    base: str
    tools: str
    wheels: tuple[Wheel, ...]
    base_key: str = ""
    extras: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen
class Dependents:
    """ELF files that ask the dynamic loader for the same: *file* is the first of *count*.

    They are of *package* (``numpy 2.4.6``), if of any, and ask for the libraries *needed*, in
    the *folders* of their run paths first.  A *program* is started: nothing that it needs can
    be there already.  What they load looks into the same folders if these are *inherited*.
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
    """The ELF files of a layer or a pex, as far as shared libraries go.

    *dependents* ask for libraries that are not among these files.  *libraries* are the names
    that each folder has.
    """

    dependents: tuple[Dependents, ...] = ()
    libraries: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen
class Layer:
    """One layer of ours: *diff_id* of the tar, *digest* and *size* of the gzipped tar.

    *title* says what is in it, where that is not what a Dockerfile copies; *key* is what
    caches know it by, empty where it is none of their business; *of_pex* tells whether a
    pex has it, whatever the image.  *binaries* is None where nobody looked.
    """

    diff_id: str
    digest: str
    size: int
    title: str = ""
    key: str = ""
    of_pex: bool = False
    binaries: Binaries | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def verb(self) -> str:
        """Return the step that makes it."""
        return "BuildPex" if self.of_pex else "BuildRuntimeImage"


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

    *size* is the file's, and *binaries* are in it.
    """

    commit: str
    name: str
    digest: str
    size: int
    layers: tuple[Layer, ...] = ()
    needs: Needs | None = None
    binaries: Binaries | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def whole(self) -> str:
        """Return a digest of all of it: the file's, where there is nothing else."""
        if not self.layers:
            return self.digest
        parts = [self.digest, *(layer.diff_id for layer in self.layers)]
        return digest_of(" ".join(parts).encode())


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
