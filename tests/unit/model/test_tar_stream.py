"""Tars with damaged headers: an error at once, whoever reads them."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildbot_ship.daemon.shared.archive import unpack
from buildbot_ship.errors import HostileArchive, InvalidManifest, LimitExceeded
from buildbot_ship.model.filesystem.filesystem import Filesystem
from buildbot_ship.model.reference import Repository
from buildbot_ship.model.tar_stream import read_members
from buildbot_ship.registry.layer_files import newest_files


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(text: bytes) -> bytes:
    return header("p", len(text), tarfile.XHDTYPE) + text + bytes(-len(text) % 512)


DAMAGED = {
    "an exabyte": header("out/a", 2**60) + bytes(1024),
    "fewer than no bytes": header("out/a", -(2**40)) + bytes(1024),
    "no number": pax(b"21 GNU.sparse.size=x\n") + header("out/a"),
    "thousands of headers": pax(b"9 uid=12\n") * 3_000 + header("out/a"),
    "a sparse file": pax(b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n") + header("out/a"),
    "a sparse map": pax(b"26 GNU.sparse.map=0,1,x,y\n") + header("out/a"),
}


def chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 4096] for at in range(0, len(data), 4096))


@pytest.mark.row(28)
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_header_is_an_error_at_once(name: str, tmp_path: Path) -> None:
    data, began = DAMAGED[name], time.monotonic()

    class Registry:
        def stream(self, _: Repository, __: str) -> Iterator[bytes]:
            return chunks(data)

    with pytest.raises(tarfile.TarError):
        list(read_members(io.BytesIO(data)))
    with pytest.raises(ValueError, match="cannot be read"):
        Filesystem().with_layer(chunks(data))
    with pytest.raises((InvalidManifest, LimitExceeded)):
        newest_files(Registry(), Repository("r.io", "a"), ["sha256:0"], "x".__eq__)  # type: ignore[arg-type]
    with pytest.raises((tarfile.TarError, LimitExceeded, HostileArchive)):
        unpack(chunks(data), tmp_path, max_bytes=1 << 20)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
    assert time.monotonic() - began < 5


def test_a_sound_tar_is_read() -> None:
    data = (
        header("a", 3) + b"abc" + bytes(509) + header("b", kind=tarfile.DIRTYPE) + bytes(1024)
    )
    assert [m.name for _, m in read_members(io.BytesIO(data))] == ["a", "b"]


@pytest.mark.row(28)
@pytest.mark.parametrize(
    "data",
    [
        header("out/" + "x" * 300) + bytes(1024),
        header("out/a") + header("out/a/b") + bytes(1024),
        header("out/a/b") + header("out/a") + bytes(1024),
        header("out/a") + header("out/a", kind=tarfile.DIRTYPE) + bytes(1024),
        header("out") + bytes(1024),
    ],
    ids=["long name", "below a file", "over a folder", "folder over a file", "the folder"],
)
def test_an_impossible_path_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(HostileArchive):
        unpack(chunks(data), tmp_path / "out", max_bytes=1 << 20)
    assert sorted(path.name for path in tmp_path.iterdir()) in ([], ["out"])
