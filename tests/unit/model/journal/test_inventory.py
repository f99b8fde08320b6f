from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from buildbot_ship.model.journal.entries import JournalEntry, from_json, to_json
from buildbot_ship.model.journal.inventory import HISTORY, Inventory, changed_packages
from tests.unit.model.journal.samples import (
    BASE,
    NEW,
    OLD,
    PACKAGES,
    PLACE,
    based,
    digest,
    promoted,
    published,
)


def inventory(*entries: JournalEntry) -> Inventory:
    made = Inventory()
    for entry in entries:
        made.add(entry)
    return made


@pytest.mark.parametrize("entry", [published(1), promoted(1, 1), based(1)])
def test_an_entry_survives_the_database(entry: JournalEntry) -> None:
    plain = json.loads(json.dumps(to_json(entry)))
    assert from_json({**plain, "a field of a newer master": 1}) == entry


@pytest.mark.parametrize("data", [None, [], {}, {"kind": "new"}, {"kind": "published"}])
def test_what_this_version_cannot_read_is_left_out(data: Any) -> None:
    assert from_json(data) is None


def test_the_newest_publication_is_what_is_published_now() -> None:
    image = inventory(published(1), published(2)).images[PLACE]
    assert image.newest == published(2)
    assert [each.commit for each in image.publications] == [f"{1:040x}", f"{2:040x}"]


def test_a_page_shows_the_last_publications_but_a_promotion_finds_all() -> None:
    image = inventory(*map(published, range(HISTORY + 5))).images[PLACE]
    assert [each.digest for each in image.publications] == list(map(digest, range(5, 25)))
    assert image.find(digest(0)) == published(0)
    assert image.find(f"{0:040x}") == published(0)
    assert image.find(digest(99)) is None


def test_the_same_image_again_is_no_newer_one_but_what_it_passed_counts() -> None:
    first, second = published(1), published(2)
    untested = attrs.evolve(first, tested=False)
    verified = attrs.evolve(first, tested=False, verified=True, at="2027")
    shown = inventory(untested, second, first, verified)
    image = shown.images[PLACE]
    assert image.newest == second
    assert image.publications[0] == attrs.evolve(first, verified=True)
    assert shown.has(verified)
    assert shown.has(untested)
    assert not inventory(untested).has(first)


def test_a_lock_is_as_old_as_the_first_image_with_these_packages() -> None:
    entries = [published(1), published(2), published(3, NEW), published(4, NEW), published(5)]
    image = inventory(*entries).images[PLACE]
    assert [lock.first.commit for lock in image.locks] == [f"{n:040x}" for n in (1, 3, 5)]
    since = [image.lock_of(each).first for each in image.publications]
    assert since == [entries[0], entries[0], entries[2], entries[2], entries[4]]


def test_a_channel_names_what_was_promoted_last_and_keeps_its_history() -> None:
    moves = [promoted(4, 1), promoted(5, 2, 1), promoted(6, 1, 2)]
    shown = inventory(published(1), published(2), *moves)
    image = shown.images[PLACE]
    assert image.channels == {"production": moves[2]}
    assert image.promotions["production"] == moves
    assert shown.has(promoted(7, 1))
    assert not shown.has(promoted(7, 2))


def test_bases_are_listed_once_each() -> None:
    shown = inventory(based(1), based(2))
    assert shown.bases[BASE] == [based(1), based(2)]
    assert shown.has(based(2))
    assert not shown.has(based(3))


def test_a_promotion_of_an_unknown_image_is_no_published_image() -> None:
    assert list(inventory(promoted(1, 1)).published()) == []


def test_the_packages_that_differ_are_named_with_both_versions() -> None:
    assert changed_packages(PACKAGES[OLD], PACKAGES[NEW]) == [
        ("app", "1.0", "1.1"),
        ("attrs", "25.1.0", ""),
        ("boto3", "", "1.35.0"),
        ("urllib3", "2.2.1", "2.5.0"),
    ]
