from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildbot_ship.daemon.interface import JobFile
from buildbot_ship.daemon.shared.archive import pack, unpack
from buildbot_ship.errors import HostileArchive, LimitExceeded

ROOM = 1 << 30


def chunks(data: bytes) -> Iterator[bytes]:
    return (data[n : n + 1000] for n in range(0, len(data), 1000))


def tar(*members: tarfile.TarInfo) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return target.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, "/etc/passwd"
    return info


def test_what_is_packed_comes_out_again(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"b" * 100_000)
    files = [JobFile("out/a/b.txt", b"hello", executable=True)]
    files.append(JobFile("out/big", tmp_path / "big"))
    target = io.BytesIO()
    pack(files, target)
    unpack(chunks(target.getvalue()), tmp_path / "out", max_bytes=ROOM)
    assert (tmp_path / "out" / "a" / "b.txt").read_bytes() == b"hello"
    assert (tmp_path / "out" / "big").stat().st_size == 100_000


@pytest.mark.row(28)
@pytest.mark.parametrize(
    "bad",
    [
        member("out/../../evil"),
        member("/etc/evil"),
        member("out/link", tarfile.SYMTYPE),
        member("out/hard", tarfile.LNKTYPE),
        member("out/device", tarfile.CHRTYPE),
        member("out/fifo", tarfile.FIFOTYPE),
    ],
    ids=lambda info: info.name,
)
def test_a_hostile_member_is_refused_and_nothing_lies_outside(
    bad: tarfile.TarInfo, tmp_path: Path
) -> None:
    with pytest.raises(HostileArchive):
        unpack(chunks(tar(member("out/ok", size=3), bad)), tmp_path / "in", max_bytes=ROOM)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    twice = tar(member("out/a", size=1), member("out/a", size=1))
    with pytest.raises(HostileArchive, match="twice"):
        unpack(chunks(twice), tmp_path, max_bytes=ROOM)


@pytest.mark.row(28)
def test_a_bomb_ends_at_the_cap(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="4999 bytes") as caught:
        unpack(chunks(tar(member("out/a", size=5000))), tmp_path, max_bytes=4999)
    assert caught.value.option == "disk"


@pytest.mark.parametrize(
    "kind",
    [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME],
    ids=["pax", "gnu"],
)
def test_a_header_without_end_is_not_held(kind: bytes, tmp_path: Path) -> None:
    header = member("out/x", kind, size=1 << 32).tobuf()
    sent = itertools.chain([header], itertools.repeat(bytes(1 << 16)))
    with pytest.raises(HostileArchive, match="a header of more than 4194304 bytes"):
        unpack(sent, tmp_path, max_bytes=1 << 41)


def test_long_names_and_accents_come_out_again(tmp_path: Path) -> None:
    names = [f"out/{'long' * 50}/\u00e9{number}" for number in range(2000)]
    target = io.BytesIO()
    pack((JobFile(name, b"x" * 5000) for name in names), target)
    unpack(chunks(target.getvalue()), tmp_path, max_bytes=ROOM)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*\u00e9*")) == 10_000_000


def test_half_an_archive_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(tarfile.TarError):
        unpack(chunks(tar(member("out/a", size=5000))[:2000]), tmp_path, max_bytes=ROOM)
