"""The journal in a real database, which two masters share: an SQLite file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from lab.soak.masters import close_master, open_master
from twisted.internet import defer
from twisted.trial import unittest

from buildbot_ship.steps.journal import Journal
from tests.unit.model.journal.samples import NEW, OLD, PACKAGES, PLACE, promoted, published


def close(master: Any) -> Any:
    return defer.ensureDeferred(close_master(master))


class TestJournal(unittest.TestCase):
    """Every master reads what all of them wrote, in one order."""

    def setUp(self) -> Any:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return defer.ensureDeferred(self.open(Path(folder.name)))

    async def open(self, folder: Path) -> None:
        self.masters = [await open_master(folder, create=True), await open_master(folder)]
        for master in self.masters:
            self.addCleanup(close, master)

    def journals(self) -> list[Journal]:
        """Return journals that have read nothing yet."""
        return [Journal(master) for master in self.masters]

    async def test_masters_that_write_at_once_lose_no_entry(self) -> None:
        journals = self.journals()
        parts = [journals[number % 2].write(published(number)) for number in range(16)]
        await defer.gatherResults(list(map(defer.ensureDeferred, parts)))
        (image,) = [(await each.read()).images[PLACE] for each in self.journals()[:1]]
        assert {each.commit for each in image.publications} == {
            published(number).commit for number in range(16)
        }
        orders = [(await each.read()).images[PLACE].publications for each in journals]
        assert orders[0] == orders[1] == image.publications

    async def test_what_says_nothing_new_is_not_written(self) -> None:
        first, second = self.journals()
        for entry in (published(1), promoted(2, 1), published(1), promoted(3, 1)):
            await first.write(entry)
            await second.write(entry)
        assert (first.last, second.last) == (2, 2)

    async def test_readers_at_once_read_every_entry_once(self) -> None:
        writer, reader = self.journals()
        for number in range(3):
            await writer.write(published(number))
        parts = [defer.ensureDeferred(reader.read()) for _ in range(4)]
        await defer.gatherResults(parts)
        assert len(reader.inventory.images[PLACE].publications) == 3

    async def test_an_entry_of_a_newer_master_is_passed_over(self) -> None:
        writer, reader = self.journals()
        await writer.write(published(1))
        await writer._create("journal", f"{2:012}", {"kind": "new", "writer": "x"})
        await writer.write(published(3))
        assert len((await reader.read()).images[PLACE].publications) == 2

    async def test_packages_are_kept_once_and_read_by_their_digest(self) -> None:
        writer, reader = self.journals()
        names = [await writer.keep_packages(PACKAGES[key]) for key in (OLD, NEW, OLD)]
        assert names[0] == names[2] != names[1]
        found = await reader.packages([*names, "sha256:unknown"])
        assert [found[name] for name in names[:2]] == [PACKAGES[OLD], PACKAGES[NEW]]
        assert found["sha256:unknown"] == {}
