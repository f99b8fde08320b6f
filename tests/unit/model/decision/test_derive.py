from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from buildbot_ship.model.decision.derive import (
    CONTENT,
    INPUTS,
    Owned,
    can_reuse,
    derived_key,
    reason,
)
from buildbot_ship.model.image.base import Base
from buildbot_ship.model.image.labels import BASE_DIGEST
from buildbot_ship.model.reference import Reference, digest_of

NOW = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)
OLD, NEW = digest_of(b"old"), digest_of(b"new")
BASE = Base(Reference.parse(f"hub.test/python:3.11@{NEW}"), "", {}, {})
LABELS = {INPUTS: "key", CONTENT: "same", BASE_DIGEST: NEW}
OWNED = Owned(Reference.parse("own.test/pq:1"), LABELS, "2026-11-20T05:05:00Z")


def why(owned: Owned | None, days: float = 7, again: bool = False) -> str | None:
    return reason(owned, "key", BASE, days=days, now=NOW, again=again)


def labelled(**changed: str) -> Owned:
    names = {"inputs": INPUTS, "content": CONTENT, "base": BASE_DIGEST}
    labels = {**LABELS, **{names[name]: text for name, text in changed.items()}}
    return attrs.evolve(OWNED, labels=labels)


def test_what_is_made_of_the_same_and_young_will_do() -> None:
    assert why(OWNED) is None


@pytest.mark.parametrize(
    ("owned", "said"),
    [
        (None, "it is new"),
        (attrs.evolve(OWNED, labels={BASE_DIGEST: NEW}), "it is new"),
        (labelled(base=OLD, inputs="other"), "hub.test/python:3.11 is another image"),
        (labelled(inputs="other"), "its inputs changed"),
    ],
)
def test_each_reason_is_said(owned: Owned | None, said: str) -> None:
    assert why(owned) == said


def test_age_and_a_wish_are_reasons_too() -> None:
    assert why(OWNED, days=2.5) == "it is older than 2.5 days"
    assert why(OWNED, again=True) == "a rebuild was requested"


@pytest.mark.parametrize("created", ["", "None", "yesterday", "2026-11-23T05:05:00"])
def test_one_of_unknown_age_is_old(created: str) -> None:
    assert why(attrs.evolve(OWNED, created=created)) == "it is older than 7 days"


def test_the_key_is_of_the_text_the_bases_and_the_files() -> None:
    other = attrs.evolve(BASE, reference=attrs.evolve(BASE.reference, digest=OLD))
    keys = {
        derived_key(b"FROM x", [BASE], [["a", "1"]]),
        derived_key(b"FROM y", [BASE], [["a", "1"]]),
        derived_key(b"FROM x", [other], [["a", "1"]]),
        derived_key(b"FROM x", [BASE], [["a", "2"]]),
        derived_key(b"FROM x", [BASE], [["a", "1"]], ["netrc"]),
    }
    assert len(keys) == 5


def test_the_key_has_the_names_of_secrets_only() -> None:
    plain = derived_key(b"FROM x", [BASE], [])
    assert derived_key(b"FROM x", [BASE], [], {}) == plain
    given = [derived_key(b"FROM x", [BASE], [], secrets) for secrets in (["a"], {"a": "1"})]
    assert given[0] == given[1] != plain


def test_the_same_content_of_the_same_will_do() -> None:
    assert can_reuse(OWNED, OWNED, "key", "same")
    assert not can_reuse(OWNED, OWNED, "key", "other")
    assert not can_reuse(OWNED, OWNED, "other", "same")


def test_what_somebody_made_of_the_same_meanwhile_will_do() -> None:
    assert can_reuse(OWNED, None, "key", "other")
    assert not can_reuse(OWNED, None, "changed", "other")
