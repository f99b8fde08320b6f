from __future__ import annotations

from typing import Any

import attrs
import pytest

from buildbot_ship.model.image.first_difference import (
    Difference,
    Entry,
    compare_bytes,
    compare_entries,
    compare_json,
)


def entry(path: str, **changes: Any) -> Entry:
    return attrs.evolve(Entry(path, "0644", "0:0", "1980", "", 3, "sha256:a"), **changes)


A, B, C = entry("a"), entry("b"), entry("c")


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((A, B), None),
        ((A,), Difference("b", "is only in the first build")),
        ((A, C), Difference("b", "is only in the first build")),
        ((A, B, C), Difference("c", "is only in the second build")),
        ((B, A), Difference("a", "has the position of b in the second build")),
        ((A, B, B), Difference("nothing", "has the position of b in the second build")),
        ((A, entry("b", mode="0600")), Difference("b", "has mode 0644, then 0600")),
        ((A, entry("b", time="2026")), Difference("b", "has time 1980, then 2026")),
        ((A, entry("b", owner="1:1")), Difference("b", "has owner 0:0, then 1:1")),
        ((A, entry("b", digest="x")), Difference("b", "has different content", content=True)),
        ((entry("a", size=4, digest="x"), entry("b", digest="y")), "a"),
    ],
)
def test_the_first_differing_member_is_named(second: tuple[Entry, ...], expected: Any) -> None:
    found = compare_entries((A, B), second)
    if isinstance(expected, str):
        assert found is not None
        assert found.member == expected
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (b"a\nb\n", b"a\nc\n", "line 2 is 'b', then 'c'"),
        (b"a\n", b"a\nb\n", "line 2 is missing, then 'b'"),
        (b"a\n", b"a", "has different line endings"),
        (b"a\0b", b"a\0c", "differs from byte 2 (3 bytes, then 3)"),
        (b"\xff", b"\xff\xfe", "differs from byte 1 (1 bytes, then 2)"),
    ],
)
def test_text_is_compared_by_line_and_all_else_by_byte(
    first: bytes, second: bytes, expected: str
) -> None:
    assert compare_bytes(first, second) == expected


def test_a_long_line_is_cut() -> None:
    assert len(compare_bytes(b"x" * 9999, b"y" * 9999)) < 300


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ("a.b[1]", "is 2, then 3")),
        ({"a": 1}, {"a": 1, "b": 2}, ("b", "is missing, then 2")),
        ({"a": [1]}, {"a": []}, ("a[0]", "is 1, then missing")),
        ({"a": 1}, {"a": True}, ("a", "is 1, then True")),
        ({"a": None}, {"a": {}}, ("a", "is None, then {}")),
    ],
)
def test_the_first_differing_key_is_named(
    first: Any, second: Any, expected: tuple[str, str]
) -> None:
    assert compare_json(first, second) == Difference(*expected)


def test_the_same_json_does_not_differ() -> None:
    assert compare_json({"a": [{"b": None}]}, {"a": [{"b": None}]}) is None
