"""Texts that people write, made to go on without end: read, or refused with file and line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from buildbot_ship.errors import InvalidFile
from buildbot_ship.model.dockerfile.document import base_of, read
from buildbot_ship.model.dockerfile.pin import find_pins
from buildbot_ship.model.filesystem.build_context import FILE, Context
from buildbot_ship.model.filesystem.path_pattern import Ignored
from buildbot_ship.model.requirements.build_lock import parse_build_lock
from buildbot_ship.model.requirements.loose import read_loose
from buildbot_ship.model.requirements.reader import parse_strict
from buildbot_ship.model.requirements.text import decode

SECONDS = 10
"""How long any text may take, on a machine that does much else: most take none at all."""
MESSAGE = 1_200
FROM = b"FROM own.example.com/team/python311:2026-11-23T04-50-49-169150\n"
NESTED = b"${X:-" * 10_000 + b"}" * 10_000
LONG = b"ENV A=" + b"x" * 120_000 + b"\n"
DOCKERFILES = {
    "nested variables": FROM + b"ENV A=" + NESTED,
    "nested variables in FROM": b"ARG A=1\nFROM " + NESTED,
    "a line of 10 MB": FROM + b"ENV A=" + b"x" * 10_000_000,
    "a million instructions": FROM + b"ENV A=b\n" * 1_000_000,
    "all ports, again and again": FROM + b"EXPOSE 1-65535\n" * 1_000,
    "a long variable, again and again": FROM + LONG + b"COPY " + b"$A " * 200_000 + b"/x/",
    "a long variable in labels": FROM + LONG + b"LABEL a=$A\n" * 1_900,
    "a number without end": FROM + b"HEALTHCHECK --interval=" + b"1" * 10_000 + b"h CMD a",
    "a number of retries": FROM + b"HEALTHCHECK --retries=" + b"1" * 10_000 + b" CMD a",
    "a reference without end": b"FROM " + b"a-" * 400_000,
    "objects in an array": FROM + b"CMD [" + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]",
    "NUL": FROM + b"ENV A=\0",
    "a form feed": FROM + b"ENV A=\x0c",
    "UTF-16": (FROM + b"ENV A=b").decode().encode("utf-16"),
    "no UTF-8": FROM + b"ENV A=\xe9",
    "half a character": FROM + b"ENV A=\xed\xa0\x80",
}
PATTERNS = {
    "a million patterns": b"a/b\n" * 1_000_000,
    "more patterns than anybody has": b"".join(b"a%d\n" % n for n in range(2_001)),
    "a line of 10 MB": b"x" * 10_000_000,
    "a pattern longer than a path": b"**/a" * 1_025,
    "brackets without end": b"[a" * 2_000,
    "a backslash at the end": b"a\\\n" * 1_000,
    "stars beside characters": b"a**/b" * 40,
}
SLOW_PATTERNS = (
    b"*a" * 20 + b"*c",
    b"**/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*c",
    b"**/a/" * 100 + b"c",
    b"**/*a*/" * 50 + b"c",
    b"*?" * 30 + b"c",
    b"a**/b**/c**",
)
"""They would be tried in every combination, and match nothing."""
REQUIREMENTS = {
    "a marker in parentheses": b"six ; " + b"(" * 1_500 + b"os_name=='a'" + b")" * 1_500,
    "a marker in more of them": b"six ; " + b"(" * 10_000 + b"os_name=='a'" + b")" * 10_000,
    "a line of 10 MB": b"x" * 10_000_000,
    "a file of 20 MB": b"six\n" * 5_000_000,
    "specifiers without end": b"six" + b">=1," * 200_000 + b">=1",
    "extras without end": b"six[" + b"a," * 500_000 + b"a]",
    "lines that go on without end": b"six>=1, \\\n" * 19_000 + b">=1",
    "a million packages": b"".join(b"p%d\n" % n for n in range(1_000_000)),
    "a million options": b"-e x\n" * 1_000_000,
    "digits without end": b"six==" + b"1" * 1_000_000,
    "a URL without end": b"six @ " + b"a" * 1_000_000,
    "NUL": b"six\0",
    "UTF-16": "six\n".encode("utf-16"),
    "no UTF-8": b"six\xe9",
    "another encoding": b"# coding: latin-1\nsix\n",
    "an escape sequence": b"six\x1b[31m",
}
INCLUDED = {
    "in a circle": {"l": b"-r m\n", "m": b"-c l\n"},
    "itself": {"l": b"-r l\n"},
    "1,000 deep": {"l": b"-r f0\n", **{f"f{n}": b"-r f%d\n" % (n + 1) for n in range(1_000)}},
    "up without end": {"l": b"-r " + b"a/../" * 200_000 + b"l\n"},
}


def refused(reader: Callable[[], object], *files: str) -> None:
    """See that *reader* raises InvalidFile in time, with file and line, in few words."""
    began = time.monotonic()
    with pytest.raises(InvalidFile) as caught:
        reader()
    assert time.monotonic() - began < SECONDS
    for problem in caught.value.problems:
        assert problem.file in files
        assert problem.line > 0
        assert len(str(problem)) < MESSAGE
        assert "\n" not in str(problem)


@pytest.mark.parametrize("name", DOCKERFILES)
@pytest.mark.parametrize("reader", [read, find_pins])
def test_a_dockerfile_without_end_is_refused(
    name: str, reader: Callable[[bytes, str], object]
) -> None:
    refused(lambda: reader(DOCKERFILES[name], "app.docker"), "app.docker")


@pytest.mark.parametrize("text", [NESTED, b"a-" * 400_000, b"\0", b"x" * 10_000_000])
def test_a_base_without_end_is_refused(text: bytes) -> None:
    refused(lambda: base_of(b"FROM " + text, "build.docker"), "build.docker")


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_without_end_are_refused(name: str) -> None:
    refused(lambda: Ignored.read(PATTERNS[name]), ".dockerignore")


@pytest.mark.parametrize("pattern", SLOW_PATTERNS, ids=lambda text: text[:12].decode())
def test_no_pattern_is_tried_in_every_combination(pattern: bytes) -> None:
    deep = "/".join(["a" * 20] * 20) + "/b"
    began = time.monotonic()
    context = Context.of([(deep, FILE), ("a" * 200, FILE)], Ignored.read(pattern))
    assert time.monotonic() - began < SECONDS
    assert deep in context.inside.nodes


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        ("*a*b*", ["ab", "xaybz", "aab"], ["ba", "a/b"]),
        ("*.tar.*", ["x.tar.gz", "a.tar.b.tar.c"], ["x.tar", "a/x.tar.gz"]),
        ("**/x/*b*/**/y", ["x/b/y", "a/x/x/abc/d/y", "x/c/x/b/y"], ["x/c/y", "x/b/c"]),
        ("**/*.py*", ["a.py", "b/a.pyc", "b/c.py/d"], ["b/a.p"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a"]),
        ("**/a/**/a/**", ["a/a/b", "x/a/y/a/z"], ["a/b"]),
        ("x**y/*", ["xy/a", "xa/y/c"], ["xy"]),
        ("**[ab]**/c", ["a/c", "xa/b/c", "a/x/c"], ["x/c"]),
    ],
)
def test_stars_match_what_they_did(pattern: str, matches: list[str], others: list[str]) -> None:
    ignored = Ignored.read(pattern.encode())
    assert [path for path in matches if path not in ignored] == []
    assert [path for path in others if path in ignored] == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_without_end_are_refused(name: str) -> None:
    data = REQUIREMENTS[name]
    refused(lambda: read_loose("loose.txt", {"loose.txt": data}.get), "loose.txt")
    refused(lambda: parse_strict(decode(data, "strict.txt"), "strict.txt"), "strict.txt")
    locked = b"#: package .\n" + data.removeprefix(b"# coding: latin-1\n")
    if name != "another encoding":
        refused(lambda: parse_build_lock(decode(locked, "lock.txt"), "lock.txt"), "lock.txt")


@pytest.mark.parametrize("name", INCLUDED)
def test_files_that_include_without_end_are_refused(name: str) -> None:
    files = INCLUDED[name]
    refused(lambda: read_loose("l", files.get), *files)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfsix\r\nattrs\r\n",
        b"# comment\n" * 500_000 + b"six\nattrs\n",
        b"six\\\n  >=1\nattrs # why\n",
        b"".join(b"p%d\n" % n for n in range(10_000)),
        b"six ; " + b"(" * 30 + b"os_name=='a'" + b")" * 30,
    ],
    ids=["bom", "comments", "continued", "many", "parentheses"],
)
def test_what_people_do_write_is_read(data: bytes) -> None:
    assert read_loose("loose.txt", {"loose.txt": data}.get).requirements


def test_a_strict_file_of_many_hashes_is_read() -> None:
    hashes = "".join(f" \\\n    --hash=sha256:{n:064x}" for n in range(1_000))
    pins = parse_strict(decode(f"six==1{hashes}\n".encode(), "s"), "s")
    assert len(pins[0].hashes) == 1_000
    assert re.fullmatch("[0-9a-f]{64}", pins[0].hashes[-1])
