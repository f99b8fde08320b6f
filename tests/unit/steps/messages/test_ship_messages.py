"""`ShipMessages`: which builds are told of, and in which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from buildbot.config.errors import ConfigErrors
from buildbot.plugins import reporters

from buildbot_ship.model.tag import timestamp_tag
from buildbot_ship.steps.messages.news import news_of
from buildbot_ship.steps.messages.ship_messages import ShipMessages

NOW = datetime(2026, 11, 29, 5, 20, tzinfo=UTC)
OWN, DIGEST = "registry.example.com/team", f"sha256:{'a' * 64}"
SHIPPED = {
    "ship_pushed_app": ({"reference": f"{OWN}/app:0123", "digest": DIGEST}, "PushTagged"),
    "ship_pushed_web": ({"reference": f"{OWN}/web:0123", "digest": DIGEST}, "PushTagged"),
}


def base(days: float, name: str = "python311-slim") -> str:
    """Return an own base of an age."""
    return f"{OWN}/{name}:{timestamp_tag(NOW - timedelta(days=days))}"


def image(reference: str) -> dict[str, Any]:
    return {"ship_image_app": ({"base": reference}, "BuildRuntimeImage")}


def told(properties: dict[str, Any], days: float = 30) -> dict[str, list[str]]:
    """Return the texts of all news, by event."""
    found = news_of(properties, days, NOW)
    return {news.event: [news.headline, *news.lines] for news in found}


def test_images_that_a_build_published_are_told_with_their_digests() -> None:
    assert told(SHIPPED) == {
        "shipped": [
            "Shipped app, web",
            f"{OWN}/app:0123@{DIGEST}",
            f"{OWN}/web:0123@{DIGEST}",
        ]
    }


def test_a_commit_that_was_published_before_is_no_news() -> None:
    found = {name: (value, "FindPublished") for name, (value, _) in SHIPPED.items()}
    assert told(found) == {}
    assert told({"ship_pushed_app": ("hacked", "Force Build Form")}) == {}


def test_a_new_proposal_waits_until_somebody_merges_it() -> None:
    branch = {"ship_proposal": ("ship/bases-1-ab", "ProposeChange")}
    assert told(branch) == {}
    pushed = {**branch, "ship_proposal_commit": ("0123", "ProposeChange")}
    assert told(pushed)["proposal"][1] == "Review and merge ship/bases-1-ab"
    url = "https://git.example.com/team/app/pulls/7"
    opened = {**pushed, "ship_merge_request": (url, "OpenMergeRequest")}
    assert told(opened)["proposal"] == [
        "Proposal waiting: ship/bases-1-ab",
        f"Review and merge {url}",
    ]


@pytest.mark.parametrize(("days", "is_old"), [(29.9, False), (30, True), (45, True)])
def test_a_published_image_on_an_old_base(days: float, is_old: bool) -> None:
    found = told({**SHIPPED, **image(base(days))})
    assert ("old-base" in found) == is_old
    if is_old:
        assert found["old-base"] == [
            "Old base: python311-slim",
            f"{base(days)} is {days:.0f} days old",
        ]


@pytest.mark.parametrize("reference", ["python:3.11", f"{OWN}/python@{DIGEST}", "", "-- ?"])
def test_a_base_without_a_time_has_no_age(reference: str) -> None:
    assert "old-base" not in told({**SHIPPED, **image(reference)})
    assert "old-base" not in told({**SHIPPED, **image(f"{OWN}/p:2026-99-99T99-99-99-999999")})


def test_an_image_that_was_only_built_is_not_told() -> None:
    assert told(image(base(45))) == {}


@pytest.mark.parametrize(
    ("days", "is_told"), [(29, False), (30.5, True), (31.5, False), (36.9, False), (37.1, True)]
)
def test_an_outdated_base_is_told_once_a_week(days: float, is_told: bool) -> None:
    outdated = {"ship_outdated": ({base(days): base(0)}, "PinBase")}
    assert ("old-base" in told(outdated)) == is_told


def test_a_message_has_a_subject_and_a_link() -> None:
    build: dict[str, Any] = {
        "builder": {"name": "ship"},
        "properties": {
            **SHIPPED,
            "branch": ("main", "Build"),
            "got_revision": ("0123456789" * 4, "Git"),
        },
        "url": "https://buildbot.example.com/#/builders/1/builds/2",
        "results": 0,
        "buildset": {},
    }
    news = news_of(build["properties"], 30, NOW)
    report = ShipMessages()._report(news, build)
    assert (report["subject"], report["type"]) == ("Shipped app, web", "plain")
    assert report["body"].splitlines()[-2:] == [
        "commit 012345678901 of main, built by ship",
        build["url"],
    ]
    chat = ShipMessages(body=lambda text: {"text": text})._report(news, build)
    assert (chat["type"], chat["body"]) == ("json", {"text": report["body"]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on": ["shiped"]}, "on: 'shiped' is not one of shipped, proposal, old-base"),
        ({"old_base_days": 0}, "old_base_days: 0 is no age"),
        ({"old_base_days": "30"}, "old_base_days: '30' is no age"),
    ],
)
def test_a_wrong_option_is_a_configuration_error(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigErrors, match=said):
        reporters.HttpStatusPush("https://chat", generators=[ShipMessages(**options)])


def test_two_chats_with_other_events_are_two_reporters() -> None:
    names = {ShipMessages(on=[event]).generate_name() for event in ("shipped", "proposal")}
    assert len(names) == 2
