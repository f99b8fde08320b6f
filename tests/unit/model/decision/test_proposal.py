from __future__ import annotations

from buildbot_ship.model.decision.proposal import (
    Proposal,
    change_digest,
    commit_message,
    next_proposal,
    proposals,
)

ONE = Proposal("ship/bases-1-0123456789", 1, "0123456789")
TEN = Proposal("ship/bases-10-abcdefabcd", 10, "abcdefabcd")


def test_only_branches_of_the_topic_are_proposals_and_numbers_are_numbers() -> None:
    names = [
        TEN.branch,
        ONE.branch,
        "main",
        "ship/bases",
        "ship/bases-2",
        "ship/bases-02-0123456789",
        "ship/bases-2-XYZ",
        "ship/bases-web-3-0123456789",
        "other/bases-3-0123456789",
    ]
    assert proposals(names, "ship/", "bases") == (ONE, TEN)


def test_the_next_one_has_the_next_number() -> None:
    assert next_proposal((), "ship/", "bases", "0123456789") == ONE
    assert next_proposal((ONE, TEN), "ship/", "bases", "9876543210") == Proposal(
        "ship/bases-11-9876543210", 11, "9876543210"
    )


def test_a_change_is_its_files_and_what_it_is_for() -> None:
    blobs = {"b": "2", "a": "1"}
    digest = change_digest("main", blobs)
    assert digest == change_digest("main", dict(sorted(blobs.items())))
    assert len({digest, change_digest("next", blobs), change_digest("main", {"a": "1"})}) == 3


def test_a_message_tells_each_note_once_and_what_it_supersedes() -> None:
    message = commit_message("Newer bases", ["why\n", "why\n", "", "more\n"], (ONE, TEN))
    assert message == f"Newer bases\n\nwhy\n\nmore\n\nSupersedes: {TEN.branch}\n"
    assert commit_message("Newer bases", [], ()) == "Newer bases\n"
