"""The rows of the Ship page."""

from __future__ import annotations

import attrs

from buildbot_ship.model.journal.inventory import Inventory
from buildbot_ship.www.rows import history_rows
from tests.unit.model.journal.samples import PLACE, at, digest, promoted, published


def test_of_two_promotions_in_one_second_the_later_one_comes_first() -> None:
    inventory = Inventory()
    for entry in (published(1), published(2)):
        inventory.add(entry)
    for move in (promoted(3, 1), promoted(4, 2, 1), promoted(5, 1, 2)):
        inventory.add(attrs.evolve(move, at=at(9)))
    rows = history_rows(inventory.images[PLACE])["promotions"]
    assert [row["digest"] for row in rows] == [digest(1), digest(2), digest(1)]
    assert [row["previous"] for row in rows] == [digest(2), digest(1), ""]
