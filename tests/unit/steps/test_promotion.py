"""`PromoteImage`, and what `PushTagged` and `RetagBase` write into the journal."""

from __future__ import annotations

from typing import Any

import attrs
from buildbot.process.results import FAILURE, SUCCESS

from buildbot_ship.model.decision.push import PublishedFacts
from buildbot_ship.model.journal.entries import JournalEntry
from buildbot_ship.model.journal.inventory import Inventory
from buildbot_ship.model.request import PromoteRequest
from buildbot_ship.model.request.wire import CONVERTER, envelope_from_json
from buildbot_ship.model.result import Result
from buildbot_ship.steps import PromoteImage, PushTagged, RetagBase
from buildbot_ship.steps.journal import Journal
from tests.unit.model.journal.samples import (
    BASE,
    OLD,
    PACKAGES,
    PLACE,
    digest,
    promoted,
    published,
)
from tests.unit.steps.step_case import COMMIT, DIGEST, NUMBER, StepCase, ended


def moved(image: int, previous: str = "") -> Result:
    properties = {"digest": digest(image), "previous": previous}
    return ended("promote", properties={"ship_promoted": properties})


class TestPromotion(StepCase):
    """The journal decides what may be promoted, and keeps who did it."""

    async def write(self, *entries: JournalEntry) -> None:
        for entry in entries:
            await Journal(self.master).write(entry)

    async def read(self) -> Inventory:
        """Return what is in the database."""
        return await Journal(self.master).read()

    async def asked(self, step: PromoteImage, answer: Result) -> Any:
        self._steps.clear()
        self.setup_build()
        verb = self.expect_verb("promote", answer)
        return envelope_from_json(await self.run_and_read(step, SUCCESS, verb)).request

    async def refused(self, step: PromoteImage) -> str:
        """Run *step*, which must fail before its verb; return its summary."""
        self._steps.clear()
        self.setup_build()
        return await self.run_and_say(step, FAILURE)

    async def test_a_commit_is_promoted_by_its_digest(self) -> None:
        await self.write(published(1))
        request = await self.asked(PromoteImage(PLACE, f"{1:040x}"), moved(1))
        assert request == PromoteRequest(PLACE, digest(1), "production")
        (entry,) = (await self.read()).images[PLACE].promotions["production"]
        assert (entry.digest, entry.previous, entry.commit) == (digest(1), "", f"{1:040x}")
        assert (entry.build.number, entry.build.builder) == (NUMBER, "Builder")

    async def test_a_roll_back_is_kept_with_what_it_replaced(self) -> None:
        await self.write(published(1), published(2), promoted(3, 2))
        await self.asked(
            PromoteImage(PLACE, digest(1), expected=digest(2)), moved(1, digest(2))
        )
        moves = (await self.read()).images[PLACE].promotions["production"]
        assert [(move.previous, move.digest) for move in moves] == [
            ("", digest(2)),
            (digest(2), digest(1)),
        ]

    async def test_what_this_master_did_not_publish_is_refused(self) -> None:
        await self.write(published(1))
        said = await self.refused(PromoteImage(PLACE, digest(7)))
        assert "is not in the journal of this master" in said
        assert "PushTagged of this master published" in said
        assert "is not in the journal of this master" in await self.refused(
            PromoteImage("r.io/x", digest(1))
        )

    async def test_an_untested_image_is_refused_unless_the_step_allows_it(self) -> None:
        await self.write(attrs.evolve(published(1), tested=False))
        said = await self.refused(PromoteImage(PLACE, digest(1)))
        assert "was not tested" in said
        await self.asked(PromoteImage(PLACE, digest(1), tested=False), moved(1))

    async def test_a_failed_promotion_is_not_in_the_journal(self) -> None:
        await self.write(published(1))
        verb = self.expect_verb("promote", ended("promote", "failure"))
        await self.run_and_read(PromoteImage(PLACE, digest(1)), FAILURE, verb)
        assert (await self.read()).images[PLACE].promotions == {}

    async def test_a_push_enters_what_the_worker_published(self) -> None:
        facts = PublishedFacts(
            "app", PLACE, COMMIT, f"{PLACE}:{COMMIT}", DIGEST, 7, BASE, True, PACKAGES[OLD]
        )
        records = {"publication": CONVERTER.unstructure(facts)}
        self.set_built()
        verb = self.expect_verb("push", attrs.evolve(ended("push"), records=records))
        await self.run_and_read(PushTagged("app", PLACE), SUCCESS, verb)
        entry = (await self.read()).images[PLACE].newest
        assert (entry.commit, entry.digest, entry.size) == (COMMIT, DIGEST, 7)
        assert (entry.tested, entry.verified) == (True, False)
        kept = await Journal(self.master).packages([entry.packages])
        assert kept[entry.packages] == PACKAGES[OLD]

    async def test_new_bases_are_entered_with_what_changed(self) -> None:
        source, tag = "docker.io/library/python:3.11-slim", f"{BASE}:2026-11-02T00-00-00-000000"
        bases = {source: {"reference": tag, "digest": DIGEST, "through": "registry"}}
        report = f"{BASE}:old\n  -> {tag}\n  size: 1\n    openssl 1 -> 2\n\nother\n  -> x\n"
        answer = ended("retag", properties={"ship_bases": bases}, texts={"bases.txt": report})
        verb = self.expect_verb("retag", answer)
        self.expect_log_file("bases.txt", report)
        self.expect_build_data("bases.txt", report.encode(), "RetagBase")
        await self.run_and_read(RetagBase({source: BASE}), SUCCESS, verb)
        (entry,) = (await self.read()).bases[BASE]
        assert (entry.source, entry.reference, entry.digest) == (source, tag, DIGEST)
        assert entry.changes == ("size: 1", "openssl 1 -> 2")
