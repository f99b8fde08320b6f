"""Targets: archives that containers, registries and engines send."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from random import Random

from buildbot_ship.daemon.containers.returned import read_result
from buildbot_ship.daemon.shared.archive import unpack
from buildbot_ship.errors import LimitExceeded
from buildbot_ship.model.application.installed_files import installed, read_listing
from buildbot_ship.model.application.wheel_rewrite import repack_wheel
from buildbot_ship.model.filesystem.filesystem import Filesystem
from buildbot_ship.model.image.elf import ElfFiles
from buildbot_ship.model.image.layer_stream import DamagedLayer, unpack_layer
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.runtime.engine_built import Saved
from buildbot_ship.registry.layer_files import newest_files
from lab.soak.fuzz import archive_samples as samples
from lab.soak.fuzz.guard import closed_folder
from lab.soak.fuzz.promise import Broken, attempt, check_message, expect, same
from lab.soak.fuzz.target import Target

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROOM = 4 << 20
SKIPPABLE = b"\x51\x2a\x4d\x18\x03\x00\x00\x00abc"
"""A frame of zstd that readers skip."""
REPOSITORY = Repository("registry.example.com", "team/app")


def _chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 4096] for at in range(0, len(data), 4096))


def container_archive(data: bytes) -> None:
    """Unpack *data* as the out folder of a job, and read its result."""
    with closed_folder() as folder:
        out = folder / "out"
        out.mkdir()
        complete = True
        try:
            attempt(lambda: unpack(_chunks(data), out, max_bytes=ROOM))
        except tarfile.TarError:
            complete = False
        written = 0
        for path in out.rglob("*"):
            expect(path.is_file() or path.is_dir(), f"{path.name} is no file")
            expect(not path.is_symlink(), f"{path.name} is a link")
            expect(path.stat().st_nlink == 1 or path.is_dir(), f"{path.name} is a hard link")
            expect(path.stat().st_mode & 0o7000 == 0, f"{path.name} has a special mode")
            written += path.stat().st_size if path.is_file() else 0
        expect(written <= ROOM, "more bytes than allowed were written")
        result = attempt(lambda: read_result(out, "wheels", complete=complete))
        expect(result is None or isinstance(result, dict), "the result is no object")


def layer(data: bytes) -> None:
    """Read *data* as a layer of a base image."""

    class _Registry:
        def stream(self, _: Repository, __: str) -> Iterator[bytes]:
            return _chunks(data)

    files = attempt(lambda: Filesystem().with_layer(_chunks(data)), also=(ValueError,))
    for path in () if files is None else files.nodes:
        expect(not path.startswith("/"), f"{path!r} is absolute")
        attempt(lambda name=path: files.resolve(name), also=(ValueError,))  # type: ignore[misc,union-attr]
    registry, digests = _Registry(), [digest_of(data)]
    attempt(lambda: newest_files(registry, REPOSITORY, digests, "etc/passwd".__eq__))  # type: ignore[arg-type]


def compressed(data: bytes) -> None:
    """Unpack *data* as a layer, at once and in small chunks."""
    size = max(7, len(data) // 1000)
    small = _unpacked(data[at : at + size] for at in range(0, len(data), size))
    once = _unpacked([data])
    # zstd checks a frame more strictly if it has all of it.
    if once is not None:
        same(once, small, "a layer in small chunks")


def _unpacked(chunks: Iterable[bytes]) -> bytes | None:
    out = bytearray()
    try:
        for part in unpack_layer(chunks, ROOM):
            out += part
            expect(len(out) <= ROOM, "more bytes than allowed were unpacked")
    except LimitExceeded as error:
        check_message(error)
    except DamagedLayer:
        pass
    else:
        return bytes(out)
    return None


def wheel(data: bytes) -> None:
    """Read *data* as a wheel."""
    known = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
    faults = (*known, NotImplementedError, RuntimeError)
    name = "own-1.0-py3-none-any.whl"
    with closed_folder():
        attempt(lambda: repack_wheel(data, {"own/a.py": b"1"}), also=(ValueError,))
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                read_listing(archive, name, "3.11")
                for path in installed(archive, name, "3.11"):
                    expect(not path.startswith("/"), f"{path!r} is absolute")
                    expect(".." not in path.split("/"), f"{path!r} leaves the environment")
        except Broken:
            raise
        except faults:
            return


def saved_image(data: bytes) -> None:
    """Read *data* as an image that the engine saved."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            saved = attempt(lambda: Saved.read(archive), also=(ValueError,))
    except tarfile.TarError:
        return
    if saved is not None:
        expect(all(isinstance(name, str) for name in saved.layers), "a layer is no text")
        dict(saved.variables)


def elf(data: bytes) -> None:
    """Read *data* as an ELF file."""
    files = ElfFiles()
    stream = io.BytesIO(data)
    files.look("lib.so", stream)
    expect(stream.tell() == 0, "the file is not at its start")


def _tars(random: Random) -> bytes:
    return samples.hostile_tar(random)


def _layers(random: Random) -> bytes:
    data = samples.hostile_tar(random)
    packed = random.choice((_plain, _plain, _gzip, zstd.compress))(data)
    return samples.damaged(random, packed) if random.random() < 0.3 else packed


def _compressed(random: Random) -> bytes:
    pack = random.choice((_gzip, zstd.compress))
    sizes = [
        random.choice((0, 0, 1, 9, 5_000, 300_000)) for _ in range(random.choice((1, 2, 9)))
    ]
    members = [pack(random.choice((bytes(size), random.randbytes(size)))) for size in sizes]
    if random.random() < 0.2:
        members = members * random.choice((2, 300))
    at = random.randrange(len(members) + 1)
    members[at:at] = random.choice(((), (), (SKIPPABLE,), (b"\0",), (zstd.compress(b"x"),)))
    data = b"".join(members)[:1_000_000]
    return samples.damaged(random, data) if random.random() < 0.5 else data


def _plain(data: bytes) -> bytes:
    return data


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1)


TARGETS = (
    Target("container archive", container_archive, _tars, grows=False, weight=1),
    Target("layer", layer, _layers, grows=False, weight=1),
    Target("compressed layer", compressed, _compressed, grows=False, weight=1),
    Target("wheel", wheel, samples.hostile_wheel, grows=False, weight=1),
    Target("saved image", saved_image, samples.hostile_image, grows=False, weight=1),
    Target("elf", elf, samples.hostile_elf, grows=False, weight=1),
)
