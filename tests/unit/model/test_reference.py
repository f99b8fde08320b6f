from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from buildbot_ship.errors import InvalidReference
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.model.tag import (
    commit_tag,
    is_timestamp_tag,
    moment_after,
    timestamp_tag,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("python:3.11", "docker.io/library/python:3.11"),
        ("team/app:1", "docker.io/team/app:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("127.0.0.1:5000/team/app:1", "127.0.0.1:5000/team/app:1"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        (f"r.example.com/a__b/c-d@{DIGEST}", f"r.example.com/a__b/c-d@{DIGEST}"),
        (f"app:1@{DIGEST}", f"docker.io/library/app:1@{DIGEST}"),
        ("registry.example.com/app", "registry.example.com/app"),
    ],
)
def test_references_are_read_as_docker_reads_them(text: str, full: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == full
    assert Reference.parse(full) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "App:1",
        "team//app:1",
        "app:" + "x" * 129,
        "app:-x",
        "app:1\n",
        "app;rm:1",
        "-app:1",
        "app@sha256:abc",
        "app@md5:" + "a" * 32,
        "r.example.com:/app:1",
        "-r.example.com/app:1",
        "äpp:1",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    assert caught.value.remedy


def test_a_repository_has_neither_tag_nor_digest() -> None:
    assert str(Repository.parse("r.example.com/app").tagged("1")) == "r.example.com/app:1"
    with pytest.raises(InvalidReference):
        Repository.parse("r.example.com/app:1")


def test_a_timestamp_tag_is_utc_to_the_microsecond_and_sorts() -> None:
    moment = datetime(2026, 11, 23, 6, 50, 49, 1, timezone(timedelta(hours=2)))
    tag = timestamp_tag(moment)
    assert tag == "2026-11-23T04-50-49-000001"
    assert is_timestamp_tag(tag)
    assert tag < timestamp_tag(moment + timedelta(microseconds=1))
    with pytest.raises(ValueError, match="aware"):
        timestamp_tag(datetime(2026, 11, 23))


def test_an_image_is_named_by_a_full_commit() -> None:
    assert commit_tag("a" * 40) == "a" * 40
    with pytest.raises(InvalidReference):
        commit_tag("abc123")


def test_a_moment_is_after_the_tags_of_a_clock_that_was_ahead() -> None:
    now = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
    ahead, behind = now + timedelta(days=1), now - timedelta(days=1)
    assert moment_after([], now) == now
    assert moment_after([timestamp_tag(behind)], now) == now
    assert moment_after([timestamp_tag(now)], now) == now
    after = ahead + timedelta(microseconds=1)
    assert moment_after([timestamp_tag(ahead), timestamp_tag(behind)], now) == after


@pytest.mark.parametrize(
    "tag", ["9999-12-31T23-59-59-999999", "9999-99-99T99-99-99-999999", "latest"]
)
def test_a_tag_that_has_no_next_moment_changes_nothing(tag: str) -> None:
    now = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
    assert moment_after([tag], now) == now
