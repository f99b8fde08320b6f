from __future__ import annotations

import tarfile
from io import BytesIO

import pytest

from buildbot_ship.model.image.layer import EPOCH, Member, file_mode, write_layer
from buildbot_ship.model.reference import digest_of


def member(path: str, data: bytes = b"x", mode: int = 0o644) -> Member:
    return Member(path, mode, len(data), lambda: BytesIO(data))


def layer(*members: Member) -> tuple[str, bytes]:
    out = BytesIO()
    diff_id = write_layer(members, out)
    return diff_id, out.getvalue()


def test_the_diff_id_is_the_digest_of_what_was_written() -> None:
    diff_id, data = layer(member("a"))
    assert diff_id == digest_of(data)


def test_the_bytes_of_a_layer_never_change() -> None:
    # A new Python or a new tarfile that writes otherwise would change every image.
    diff_id, _ = layer(
        member("twist.pex", b"#!/usr/bin/env python3\n" * 1000, 0o755),
        Member("srv", 0o755),
        Member("tmp", 0o1777, uid=7, gid=8),
        member("srv/" + "long/" * 40 + "name"),
        member("srv/\u00e4"),
    )
    assert diff_id == "sha256:aa1cad66669d6cdef5b88016584e0406d4e96fb1f61f1e6a73c2decf94253355"


def test_members_are_sorted_and_a_folder_comes_before_its_files() -> None:
    names = ["b/c", "b.d", "b", "a"]
    members = [Member(n, 0o755) if n == "b" else member(n) for n in names]
    _, data = layer(*members)
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        assert tar.getnames() == ["a", "b", "b/c", "b.d"]
    assert layer(*members) == layer(*members[::-1])


def test_time_owner_and_mode_are_what_was_said_and_names_are_left_out() -> None:
    _, data = layer(member("a", mode=file_mode(True)), Member("d", 0o700, uid=3, gid=4))
    with tarfile.open(fileobj=BytesIO(data)) as tar:
        file, folder = tar.getmembers()
    assert (file.mode, file.uid, file.gid, file.mtime, file.uname) == (0o755, 0, 0, EPOCH, "")
    assert (folder.mode, folder.uid, folder.gid, folder.isdir()) == (0o700, 3, 4, True)
    assert file_mode(False) == 0o644


def test_a_member_that_fits_has_a_plain_header_and_a_longer_one_a_pax_header() -> None:
    assert b"PaxHeader" not in layer(member("a" * 100))[1]
    assert b"PaxHeader" in layer(member("a" * 101))[1]
    with tarfile.open(fileobj=BytesIO(layer(member("\u00e4" * 200))[1])) as tar:
        assert tar.getnames() == ["\u00e4" * 200]


def test_two_members_of_one_path_are_refused() -> None:
    with pytest.raises(ValueError, match="two members have the path a"):
        layer(member("a"), member("a"))


@pytest.mark.parametrize("size", [1, 5])
def test_a_file_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="^a"):
        layer(Member("a", 0o644, size, lambda: BytesIO(b"abc")))
