"""What messages quote: short, in one line, without secrets."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import (
    EngineError,
    InvalidReference,
    InvalidRequest,
    Problem,
    RepositoryError,
    TagTaken,
    quotable,
)
from buildbot_ship.errors.base import MAX_MESSAGE

TOKEN = "a1B2" * 5
DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@example.com/x", "https://***@example.com/x"),
        ("https://token@example.com", "https://***@example.com"),
        ("git@example.com:team/app", "git@example.com:team/app"),
        ("user:pass@example.com", "user:***@example.com"),
        (f"TOKEN={TOKEN} x", "TOKEN=*** x"),
        (f"ghp_{TOKEN}", "ghp_***"),
        (f"app:1@{DIGEST}", f"app:1@{DIGEST}"),
        (f"{DIGEST}{TOKEN}", "sha256:***"),
        ("team/python311:2026-11-23T04-50-49-169150", None),
        ("a" * 60, None),
        ("1" * 60, None),
        ("requirements.strict.txt", None),
    ],
)
def test_what_is_quoted_has_no_secret(text: str, shown: str | None) -> None:
    assert quotable(text) == (shown or text)


def test_a_long_text_keeps_its_ends() -> None:
    shown = quotable("a" + "x " * 10_000_000 + "b")
    assert len(shown) < 1_010
    assert (shown[0], shown[-1]) == ("a", "b")


def test_a_problem_is_one_printable_line() -> None:
    problem = Problem("a\nb.txt", 3, f"\x1b[2Jx\r\ny {TOKEN}\u202e\udcff")
    assert str(problem) == "a b.txt:3: \\x1b[2Jx y ***\\u202e\\udcff"


def test_every_message_is_one_short_line() -> None:
    error = EngineError("a\n\x1b[31mb", "c" * 10_000)
    assert str(error).startswith("the Docker Engine could not a \\x1b[31mb: ccc")
    assert len(str(error)) < 2_100


def test_messages_of_git_have_no_login() -> None:
    commit = "0a" * 20
    error = RepositoryError("x", f"cannot read https://u:pw@example.com at {commit}")
    assert str(error) == f"x: cannot read https://***@example.com at {commit}"


def test_options_are_quoted_without_secrets() -> None:
    assert TOKEN not in str(InvalidRequest("revision", f"{TOKEN!r} is not a git revision"))
    assert "pw" not in str(InvalidReference("https://u:pw@example.com/a", "it is a URL"))
    assert len(str(InvalidReference("\0" * 100_000, "x"))) < 2_500


def test_a_problem_whose_text_is_escaped_is_short() -> None:
    text = str(Problem("a", 3, "\U0010ffff" * 5000))
    assert text.startswith("a:3: \\U0010ffff")
    assert len(text) <= MAX_MESSAGE + 3


@pytest.mark.parametrize(
    ("differences", "shown"),
    [
        ("", "team/app:1 already has another image: it names"),
        ("Cmd: a, b", "team/app:1 already has another image (Cmd: a, b): it names"),
        (
            "label s: nothing is published, https://u:pw@host/a was built\nUser: a\nUser: b",
            "team/app:1 already has another image (label s: nothing is published, "
            "https://***@host/a was built; and 2 more in the details): it names",
        ),
    ],
)
def test_a_taken_tag_says_in_words_what_differs(differences: str, shown: str) -> None:
    holder = f"{DIGEST} (image {DIGEST})"
    error = TagTaken("team/app:1", holder, "python:3.14", differences)
    assert str(error) == f"{shown} {DIGEST[:19]}, and is not moved to python:3.14"
    assert error.details.endswith(f"published: {holder}\nbuilt: python:3.14")
    assert error.details.startswith(differences)
