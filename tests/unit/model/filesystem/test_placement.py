from __future__ import annotations

import re
import stat

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.filesystem.build_context import Context, link
from buildbot_ship.model.filesystem.filesystem import FILE, FOLDER, Filesystem, Node
from buildbot_ship.model.filesystem.placement import Layout, needs_base, place

TMP = Node(stat.S_IFDIR | 0o1777, 3, 4)
BASE = Filesystem(
    {
        "tmp": TMP,
        "usr": FOLDER,
        "usr/lib": FOLDER,
        "lib": Node(stat.S_IFLNK | 0o777, target="usr/lib"),
        "etc": FOLDER,
        "etc/passwd": FILE,
    }
)


def context_of(text: str) -> Context:
    """Return a context in which everything that is copied is a plain file."""
    copied = read("FROM a:1\n" + text, "app.docker").copied
    return Context.of((path, FILE) for path in copied)


def placed(text: str, work_folder: str = "/", context: Context | None = None) -> Layout:
    dockerfile = read("FROM a:1\n" + text, "app.docker")
    return place(dockerfile, context or context_of(text), BASE, work_folder)


def targets(text: str, work_folder: str = "/") -> dict[str, str]:
    return {path: item.source for path, item in placed(text, work_folder).files.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY a.pex /", {"a.pex": "a.pex"}),
        ("COPY a.pex /b.pex", {"b.pex": "a.pex"}),
        ("COPY d/a b /new/", {"new/a": "d/a", "new/b": "b"}),
        ("COPY a /lib/x", {"usr/lib/x": "a"}),
        ("COPY a /lib", {"usr/lib/a": "a"}),
        ("COPY a /tmp", {"tmp/a": "a"}),
        ("COPY a /etc/passwd", {"etc/passwd": "a"}),
        ("WORKDIR /srv\nWORKDIR app\nCOPY a ./\nCOPY b .\nCOPY c d\nCOPY e ../f",
         {"srv/app/a": "a", "srv/app/b": "b", "srv/app/d": "c", "srv/f": "e"}),
        ("COPY a /x\nCOPY b /x", {"x": "b"}),
        ("COPY a ../../x", {"x": "a"}),
    ],
)  # fmt: skip
def test_files_go_where_docker_puts_them(text: str, expected: dict[str, str]) -> None:
    assert targets(text) == expected


def test_the_base_s_work_folder_counts() -> None:
    assert targets("COPY a b", "/home") == {"home/b": "a"}


def test_folders_of_the_base_keep_their_mode_and_owner_and_new_ones_are_plain() -> None:
    assert placed("COPY a /tmp/new/x\nWORKDIR /lib").folders == {"tmp": TMP, "tmp/new": FOLDER}
    assert placed("WORKDIR /lib/y").folders == {
        "usr": FOLDER, "usr/lib": FOLDER, "usr/lib/y": FOLDER,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY a /etc/passwd/", "2: COPY: /etc/passwd is a file: name a folder"),
        ("COPY a /etc/passwd/x", "2: /etc/passwd is a file, and /etc/passwd/x would be in it"),
        ("COPY tmp /", "2: COPY: /tmp is a folder, tmp is a file: rename it"),
        ("WORKDIR /etc/passwd", "2: WORKDIR: /etc/passwd is a file"),
        ("COPY a /x\nCOPY b /x/", "3: COPY: /x is a file"),
        ("COPY a /x\nCOPY b /x/y", "3: /x is a file, and /x/y would be in it"),
    ],
)
def test_a_file_in_the_way_is_a_problem_in_its_line(text: str, expected: str) -> None:
    with pytest.raises(InvalidFile, match="app.docker:" + expected):
        placed(text)


TREE = Context.of(
    [
        ("d/x", FILE),
        ("d/tmp/y", FILE),
        ("d/l", link("x")),
        ("lib/z", FILE),
        ("etc/passwd/no", FILE),
        ("f/etc", FILE),
        ("also", link("d")),
    ]
)


def test_a_folder_s_content_is_copied_and_its_folders_have_our_mode() -> None:
    found = placed("COPY --chown=1:2 d /\nCOPY d/tmp /new/er", context=TREE)
    assert {path: (item.source, item.target) for path, item in found.files.items()} == {
        "l": ("d/l", "x"),
        "tmp/y": ("d/tmp/y", ""),
        "x": ("d/x", ""),
        "new/er/y": ("d/tmp/y", ""),
    }
    assert found.folders == {
        "tmp": Node(stat.S_IFDIR | 0o755, 1, 2), "new": FOLDER, "new/er": FOLDER,
    }  # fmt: skip


def test_a_link_that_is_named_is_followed() -> None:
    found = placed("COPY also/l /a\nCOPY also /b", context=TREE)
    assert {path: item.source for path, item in found.files.items()} == {
        "a": "d/x", "b/l": "d/l", "b/tmp/y": "d/tmp/y", "b/x": "d/x",
    }  # fmt: skip


def test_owner_and_mode_are_of_what_is_copied_and_the_folders_a_file_needs() -> None:
    found = placed(
        "COPY --chown=5:6 --chmod=700 d/x /n/x\nCOPY --chmod=711 d/tmp /m/t", context=TREE
    )
    assert (found.files["n/x"].uid, found.files["n/x"].gid, found.files["n/x"].mode) == (
        5, 6, 0o700,
    )  # fmt: skip
    assert found.folders["n"] == Node(stat.S_IFDIR | 0o755, 5, 6)
    assert (found.folders["m"], found.folders["m/t"]) == (FOLDER, Node(stat.S_IFDIR | 0o711))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY . /", "/etc/passwd is a file, etc/passwd is a folder: copy its content"),
        ("COPY etc /etc", "/etc/passwd is a file, etc/passwd is a folder"),
        ("COPY f /", "/etc is a folder, f/etc is a file: rename it"),
        ("COPY d /etc/passwd", "/etc/passwd is a file, d is a folder"),
        ("COPY d/* /x", "/x gets 3 items: end it with /"),
        ("COPY --chown=who d /x", "--chown: /etc/passwd of the base has no user who"),
    ],
)
def test_what_would_spoil_the_base_is_refused(text: str, expected: str) -> None:
    with pytest.raises(InvalidFile, match=f"app.docker:2: COPY: {re.escape(expected)}"):
        placed(text, context=TREE)


def test_placing_leaves_the_base_as_it_was() -> None:
    before = dict(BASE.nodes)
    placed("COPY a /x/y")
    assert BASE.nodes == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY twist.pex /\nENTRYPOINT [\"/twist.pex\"]", False),
        ("COPY fc-twist.pex /twist.pex", False),
        ("USER x", False),
        ("COPY bin /", True),
        ("COPY a.pex /bin", True),
        ("COPY .wh /", True),
        ("COPY a.pex /opt/", True),
        ("COPY a.pex .", True),
        ("COPY a.pex /x.d/..", True),
        ("WORKDIR /", True),
    ],
)  # fmt: skip
def test_the_base_is_looked_at_only_when_it_matters(text: str, expected: bool) -> None:
    assert needs_base(read("FROM a:1\n" + text, "f"), context_of(text)) is expected
