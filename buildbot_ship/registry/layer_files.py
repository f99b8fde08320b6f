"""Read files of an image from its layers, as they stream from the registry."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable, Mapping, Sequence

import attrs

from ..errors import InvalidManifest, LimitExceeded
from ..model.filesystem.filesystem import parents
from ..model.image.layer_stream import DamagedLayer, Unpacked
from ..model.reference import Repository
from ..model.tar_stream import read_members
from .interface import Registry

_LIMIT = 64 * 1024**2
"""The most bytes of all files together."""
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


def _never(files: Mapping[str, bytes]) -> bool:
    del files
    return False


def newest_files(
    registry: Registry,
    repository: Repository,
    layers: Sequence[str],
    wanted: Callable[[str], bool],
    enough: Callable[[Mapping[str, bytes]], bool] = _never,
) -> dict[str, bytes]:
    """Return the files of an image whose paths (no leading slash) are *wanted*, by path.

    *layers* are the digests of tars, plain or compressed, the lowest first.  No layer is read
    below the one whose files are *enough*.  Raises InvalidManifest for a layer that is not such
    a tar, LimitExceeded for files of more than 64 MiB or a layer of more than 16 GiB, and
    ExtraMissing for zstd without a library.
    """
    found: dict[str, bytes] = {}
    covers = _Covers()
    for digest in reversed(layers):
        layer = _Layer(wanted, covers, _LIMIT - sum(map(len, found.values())))
        layer.read(registry, repository, digest)
        found = {**layer.files, **found}
        covers = layer.covers_below(found)
        if enough(found):
            break
    return found


@attrs.frozen
class _Covers:
    """What upper layers hide of lower ones: paths, and the contents of folders."""

    paths: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()

    def hide(self, path: str) -> bool:
        over = parents(path)
        return not self.paths.isdisjoint([path, *over]) or not self.folders.isdisjoint(over)


@attrs.define
class _Layer:
    """The wanted files of one layer that the layers above do not hide."""

    wanted: Callable[[str], bool]
    above: _Covers
    room: int
    files: dict[str, bytes] = attrs.field(factory=dict)
    gone: set[str] = attrs.field(factory=set)
    emptied: set[str] = attrs.field(factory=set)

    def read(self, registry: Registry, repository: Repository, digest: str) -> None:
        """Read the layer.  All of it is read, so that the digest gets checked."""
        try:
            stream = Unpacked(registry.stream(repository, digest))
            for archive, member in read_members(stream):
                self._add(archive, member)
            stream.drain()
        except (tarfile.TarError, DamagedLayer) as error:
            why = f"layer {digest[:19]} is not a readable tar archive ({error})"
            raise InvalidManifest(str(repository), why) from None

    def covers_below(self, found: Mapping[str, bytes]) -> _Covers:
        """Return what this layer and those above hide of lower layers."""
        paths = self.above.paths | self.gone | found.keys()
        return _Covers(frozenset(paths), self.above.folders | self.emptied)

    def _add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = posixpath.normpath(member.name).lstrip("/")
        folder, name = posixpath.split(path)
        if name == _OPAQUE:
            self.emptied.add(folder)
        elif name.startswith(_WHITEOUT):
            self.gone.add(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
        elif member.isreg() and self.wanted(path) and not self.above.hide(path):
            self.files[path] = self._content(archive, member, path)

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bytes:
        self.room -= member.size - len(self.files.get(path, b""))
        if self.room < 0:
            raise LimitExceeded(f"the file {path} in an image", "64 MiB")
        file = archive.extractfile(member)
        return file.read() if file else b""
