"""Targets: archives that containers, registries and engines send."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from random import Random

from buildbot_ship.daemon.containers.returned import read_result
from buildbot_ship.daemon.shared.archive import unpack
from buildbot_ship.model.application.installed_files import installed, read_listing
from buildbot_ship.model.application.wheel_rewrite import repack_wheel
from buildbot_ship.model.filesystem.filesystem import Filesystem
from buildbot_ship.model.image.elf import ElfFiles
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.runtime.engine_built import Saved
from buildbot_ship.registry.layer_files import newest_file
from lab.soak.fuzz import archive_samples as samples
from lab.soak.fuzz.guard import closed_folder
from lab.soak.fuzz.promise import Broken, attempt, expect
from lab.soak.fuzz.target import Target

ROOM = 4 << 20
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
    attempt(lambda: newest_file(registry, REPOSITORY, digests, "etc/passwd"))  # type: ignore[arg-type]


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
    packed = gzip.compress(data, 1) if random.random() < 0.5 else data
    return samples.damaged(random, packed) if random.random() < 0.3 else packed


TARGETS = (
    Target("container archive", container_archive, _tars, grows=False, weight=1),
    Target("layer", layer, _layers, grows=False, weight=1),
    Target("wheel", wheel, samples.hostile_wheel, grows=False, weight=1),
    Target("saved image", saved_image, samples.hostile_image, grows=False, weight=1),
    Target("elf", elf, samples.hostile_elf, grows=False, weight=1),
)
