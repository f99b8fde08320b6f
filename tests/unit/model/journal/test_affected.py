from __future__ import annotations

from collections.abc import Mapping

import pytest

from buildbot_ship.errors import InvalidRequest
from buildbot_ship.model.artefact import Package
from buildbot_ship.model.journal.affected import (
    Affected,
    find_affected,
    find_chain,
    missing_packages,
    parse_query,
)
from buildbot_ship.model.journal.entries import JournalEntry
from buildbot_ship.model.journal.inventory import Inventory
from tests.unit.model.journal.samples import NEW, OLD, PACKAGES, promoted, published

OTHER = "registry.example.com/team/other"


def ask(text: str, *entries: JournalEntry) -> list[Affected]:
    inventory = Inventory()
    for entry in entries:
        inventory.add(entry)
    asked = parse_query(text)
    packages: dict[str, Mapping[str, Package]] = {}
    while missing := missing_packages(inventory, packages, asked):
        packages |= {name: PACKAGES[name] for name in missing}
    return list(find_affected(inventory, packages, asked))


def test_an_image_is_affected_since_the_first_commit_with_that_version() -> None:
    (found,) = ask("urllib3==2.2.1", published(1), published(2))
    assert (found.publication, found.since) == (published(2), published(1))
    assert (found.version, found.newest, found.channels) == ("2.2.1", True, ())
    assert found.through == ("app", "requests", "urllib3")


def test_a_newer_image_does_not_hide_what_a_channel_still_runs() -> None:
    entries: list[JournalEntry] = [published(1), promoted(2, 1), published(3, NEW)]
    (found,) = ask("urllib3<2.5", *entries)
    assert (found.publication, found.channels) == (published(1), ("production",))
    assert not found.newest
    assert {each.version for each in ask("urllib3", *entries)} == {"2.2.1", "2.5.0"}
    assert ask("urllib3<2", *entries) == []


def test_a_package_that_another_lock_had_in_between_counts_from_its_return() -> None:
    entries = [published(1), published(2, NEW), published(3)]
    assert [each.since for each in ask("urllib3==2.2.1", *entries)] == [published(3)]
    # The version did not change with the other packages.
    assert [each.since for each in ask("requests", *entries)] == [published(1)]


def test_all_repositories_are_searched_by_the_normalised_name() -> None:
    found = ask("URLLib3", published(1), published(1, NEW, OTHER))
    assert [each.publication.repository for each in found] == sorted(
        [published(1).repository, OTHER]
    )


@pytest.mark.parametrize(
    ("packages", "chain"),
    [
        ({"a": Package("1")}, ("a",)),
        ({"b": Package("1", ("a",)), "a": Package("1", ("b",))}, ("b", "a")),
        (
            {
                "long": Package("1", ("b",)),
                "b": Package("1", ("c",)),
                "c": Package("1", ("a",)),
                "short": Package("1", ("a",)),
                "a": Package("1"),
            },
            ("short", "a"),
        ),
    ],
)
def test_the_chain_is_the_shortest_and_ends_in_a_circle(
    packages: dict[str, Package], chain: tuple[str, ...]
) -> None:
    assert find_chain(packages, "a") == chain


@pytest.mark.parametrize(
    "text", ["", "a b", "a==", "a[b]", "a; python_version<'3'", "a@http://b"]
)
def test_a_question_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="write a name"):
        parse_query(text)


def test_a_version_that_is_none_matches_no_question_about_versions() -> None:
    inventory = Inventory()
    inventory.add(published(1))
    packages = {OLD: {"urllib3": Package("not a version")}}
    assert not list(find_affected(inventory, packages, parse_query("urllib3==1")))
