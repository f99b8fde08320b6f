from __future__ import annotations

import gzip
import stat
import tarfile
from collections.abc import Iterator
from io import BytesIO

import pytest

from buildbot_ship.model.filesystem.filesystem import FOLDER, Filesystem, Node, parents


def tar(*names: str) -> bytes:
    """Return a tar: ``d/`` is a folder, ``a -> b`` a link, anything else a file."""
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            path, link, target = name.partition(" -> ")
            info = tarfile.TarInfo(path)
            if path.strip("./") == "tmp":
                info.mode, info.uid, info.gid = 0o1777, 1, 2
            elif path.endswith("/"):
                info.mode = 0o755
            if link:
                info.linkname = target
            kind = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            info.type = tarfile.SYMTYPE if link else kind
            archive.addfile(info)
    return out.getvalue()


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def files(*layers: bytes) -> Filesystem:
    found = Filesystem()
    for layer in layers:
        found = found.with_layer(chunks(layer))
    return found


def test_a_layer_is_read_plain_gzipped_and_in_several_members() -> None:
    plain = tar("./", "./tmp/", "usr/", "/usr/bin/", "bin -> usr/bin", "usr/bin/sh")
    half = len(plain) // 2
    members = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    whole = gzip.compress(plain)
    for data, size in ((plain, 1000), (plain, 3), (whole, 1000), (whole, 1), (members, 1000)):
        found = Filesystem().with_layer(chunks(data, size))
        assert sorted(found.nodes) == ["bin", "tmp", "usr", "usr/bin", "usr/bin/sh"]
        assert found.nodes["tmp"] == Node(stat.S_IFDIR | 0o1777, 1, 2)
        assert found.nodes["bin"].target == "usr/bin"


def test_every_chunk_is_taken_so_that_the_digest_gets_checked() -> None:
    taken = []

    def source() -> Iterator[bytes]:
        yield from chunks(tar("a") + bytes(100_000), 100)
        taken.append(True)

    Filesystem().with_layer(source())
    assert taken == [True]


def test_whiteouts_and_replacements_take_away_what_was_below() -> None:
    below = tar("a/", "a/b/", "a/b/c", "d", "e/", "e/f", "g/", "g/h", "abc")
    found = files(below, tar("a/.wh.b", ".wh.d", "e/new", "e/.wh..wh..opq", "g -> a"))
    assert sorted(found.nodes) == ["a", "abc", "e", "e/new", "g"]
    assert found.nodes["g"].is_link


def test_a_whiteout_does_not_touch_its_own_layer() -> None:
    found = files(tar("a/", "a/old"), tar("a/new", "a/.wh..wh..opq", ".wh.a"))
    assert sorted(found.nodes) == ["a/new"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x28\xb5\x2f\xfd....", "zstd"),
        (b"no tar" * 200, "cannot be read"),
        (b"\x1f\x8bno" * 9, "cannot be read"),
    ],
)
def test_what_is_no_layer_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        files(data)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/lib/x", "usr/lib/x"),
        ("/a/b/../c", "srv/deep/c"),
        ("/up/etc", "etc"),
        ("/new/../lib", "usr/lib"),
        ("/", ""),
        ("/abs", "usr/lib"),
    ],
)
def test_links_are_followed_inside_the_image(path: str, expected: str) -> None:
    found = files(
        tar("usr/", "usr/lib/", "lib -> usr/lib", "a -> srv/deep", "srv/", "srv/deep/",
            "up -> ../../..", "abs -> /lib")
    )  # fmt: skip
    assert found.resolve(path) == expected


def test_links_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="/a/x form a cycle"):
        files(tar("a -> b", "b -> a")).resolve("/a/x")


def test_the_top_is_a_folder_and_has_no_parents() -> None:
    assert Filesystem().get("") == FOLDER
    assert Filesystem().get("x") is None
    assert parents("a") == []
