from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.words import Fault
from buildbot_ship.model.filesystem.build_context import EXECUTABLE, FILE, Context, link
from buildbot_ship.model.filesystem.filesystem import FOLDER, Filesystem, Node
from buildbot_ship.model.filesystem.owner import find_owner
from buildbot_ship.model.filesystem.path_pattern import Ignored, copy_pattern, is_pattern

CONTEXT = Context.of(
    [
        ("a.txt", FILE),
        ("src/run", EXECUTABLE),
        ("src/lib/x.py", FILE),
        ("here", link("src/lib")),
        ("src/out", link("../../x")),
        ("src/root", link("/etc")),
        ("round", link("round2")),
        ("round2", link("./round")),
        ("gone", link("nowhere")),
    ]
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.txt", ["a.txt"]),
        ("src", ["src"]),
        (".", ["."]),
        ("here/x.py", ["here/x.py"]),
        ("*.txt", ["a.txt"]),
        ("src/*", ["src/lib", "src/out", "src/root", "src/run"]),
        ("*/*/*.py", ["src/lib/x.py"]),
        ("nothing", []),
        ("gone", []),
        ("*.md", []),
    ],
)
def test_sources_name_what_is_there(source: str, expected: list[str]) -> None:
    assert CONTEXT.find(source) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/out", "src/out is a link to ../../x, outside the commit"),
        ("src/root", "src/root is a link to /etc, outside the commit"),
        ("round", "leads back to itself"),
    ],
)
def test_links_that_leave_or_loop_are_refused(path: str, expected: str) -> None:
    with pytest.raises(Fault, match=expected):
        CONTEXT.check(path)
    with pytest.raises(Fault):
        CONTEXT.find(path)


def test_a_folder_is_there_while_something_lies_in_it_or_nothing_leaves_it_out() -> None:
    files = [("a/b/x", FILE), ("a/b/y", FILE), ("c/z", FILE)]
    kept = Context.of(files, Ignored.read(b"a/b/*\nc\n")).inside.nodes
    assert kept == {"a": FOLDER, "a/b": FOLDER}


@pytest.mark.parametrize(
    ("lines", "left_out", "kept"),
    [
        ("*.py", ["a.py"], ["src/a.py", "a.pyc", "apy"]),
        ("**/*.py", ["a.py", "src/lib/a.py"], ["a.pyc"]),
        ("src", ["src", "src/a", "src/b/c"], ["srcs", "lib/src"]),
        ("/src/", ["src/a"], []),
        ("./src/../lib", ["lib/x"], ["src"]),
        ("**", ["a", "b/c"], []),
        ("a/**/z", ["a/z", "a/b/c/z"], ["a/b"]),
        ("*\n!keep\n!**/*.md", ["x", "y/x"], ["keep", "keep/x", "a.md", "b/c.md"]),
        ("!a\na", ["a"], []),
        ("[a-c]?.t", ["bx.t"], ["dx.t", "b/.t"]),
        ("a\\*b", ["a*b"], ["axb"]),
        ("# a\n\n  b  \n", ["b"], ["# a", "a"]),
    ],
)
def test_dockerignore_means_what_docker_means(
    lines: str, left_out: list[str], kept: list[str]
) -> None:
    ignored = Ignored.read(lines.encode())
    assert [path for path in left_out if path not in ignored] == []
    assert [path for path in kept if path in ignored] == []


def test_every_bad_line_of_dockerignore_is_named() -> None:
    with pytest.raises(InvalidFile) as caught:
        Ignored.read(b"ok\n!\n[a\nx\\\n[z-a]\n")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4, 5]
    assert caught.value.problems[0].file == ".dockerignore"


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*.py", ["a.py", ".py"], ["a/b.py", "a.pyc"]),
        ("a?c", ["abc"], ["a/c", "ac"]),
        ("[^a-c]x", ["dx"], ["ax", "x"]),
        ("a\\*", ["a*"], ["ab"]),
        ("[\\]]", ["]"], ["\\"]),
        ("**", ["ab"], ["a/b"]),
    ],
)
def test_patterns_of_copy_are_go_s(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    found = copy_pattern(pattern)
    assert [path for path in matching if not found.fullmatch(path)] == []
    assert [path for path in others if found.fullmatch(path)] == []


def test_an_escaped_star_makes_no_pattern() -> None:
    assert not is_pattern("a\\*b")
    assert is_pattern("a\\*b*")


BASE = Filesystem(
    {
        "etc/passwd": Node(0o100644, content="root:x:0:0:r:/root:/bin/sh\nme:x:7:8::/:\n# x\n"),
        "etc/group": Node(0o100644, content="me:x:9:\nstaff:x:50:me\n"),
    }
)


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("", (0, 0)),
        ("12", (12, 12)),
        ("12:34", (12, 34)),
        ("me", (7, 9)),
        ("me:staff", (7, 50)),
        ("3:staff", (3, 50)),
    ],
)
def test_owners_are_found_in_the_base(owner: str, expected: tuple[int, int]) -> None:
    assert find_owner(owner, BASE) == expected


@pytest.mark.parametrize("owner", ["root", "you:staff", "me:you"])
def test_an_owner_whom_the_base_does_not_know_is_refused(owner: str) -> None:
    with pytest.raises(Fault, match="of the base has no (user|group)"):
        find_owner(owner, BASE)
