"""`PushTagged` claims a tag in the master's database before its verb runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from buildbot.process.results import FAILURE, RETRY, SUCCESS
from buildbot.test.steps import ExpectRemoteRef, ExpectUploadFile

from buildbot_ship.model.request.settings import TagClaim
from buildbot_ship.model.request.wire import envelope_from_json
from buildbot_ship.model.result import MAX_BYTES, Failure, Result
from buildbot_ship.model.tag_claims import ClaimRow
from buildbot_ship.steps import DeriveBase, PushTagged, RetagBase
from buildbot_ship.steps.base.result_file import Collector
from buildbot_ship.steps.tag_claims import ClaimTable
from tests.unit.steps.step_case import COMMIT, DIGEST, NUMBER, StepCase, ended

PLACE = "registry.example.com/team/app"
TAG = f"{PLACE}:{COMMIT}"
OTHER = f"sha256:{'b' * 64}"
GONE, RUNNING = 999, 92
"""The IDs of a build that is no longer in the database, and of the step's own build."""


async def never(_: ClaimRow) -> bool:
    return False


def broken(*, unpublished: bool, status: str = "failure") -> Result:
    failure = Failure("TagTaken", "no", "try", unpublished=unpublished)
    return ended("push", status, failure=failure)


class TestClaims(StepCase):
    """The claim of a step."""

    async def claimed(
        self, step: Any, answer: Result | None = None, results: int = SUCCESS
    ) -> TagClaim | None:
        """Run *step*; return the claim that its verb got."""
        verb = self.expect_verb("push", answer or ended("push"))
        return envelope_from_json(await self.run_and_read(step, results, verb)).claim

    async def claim(self, digest: str, build: int = GONE) -> str | None:
        """Claim the tag for another build; return its row, if it has the claim."""
        table = ClaimTable(self.master)
        mine = ClaimRow(digest, build, "build 1 of other", f"{build}-x")
        return (await table.claim(TAG, mine, may_take_over=never)).row

    async def test_the_verb_gets_the_claim_of_the_image_that_this_build_made(self) -> None:
        self.set_built()
        assert await self.claimed(PushTagged("app", PLACE)) == TagClaim(TAG, DIGEST)
        assert await self.claim(OTHER) is None
        assert await self.claim(DIGEST) is not None

    async def test_another_image_is_refused_and_its_build_is_named(self) -> None:
        await self.claim(OTHER)
        self.set_built()
        claim = await self.claimed(PushTagged("app", PLACE))
        assert claim == TagClaim(TAG, OTHER, "build 1 of other")

    async def test_the_same_image_goes_on(self) -> None:
        await self.claim(DIGEST)
        self.set_built()
        assert await self.claimed(PushTagged("app", PLACE)) == TagClaim(TAG, DIGEST)

    async def test_a_push_that_stored_nothing_releases_its_claim(self) -> None:
        self.set_built()
        await self.claimed(PushTagged("app", PLACE), broken(unpublished=True), FAILURE)
        assert await self.claim(OTHER) is not None

    async def test_a_push_that_is_retried_releases_its_claim(self) -> None:
        self.set_built()
        answer = broken(unpublished=True, status="retry")
        await self.claimed(PushTagged("app", PLACE), answer, RETRY)
        assert await self.claim(OTHER) is not None

    async def test_a_push_that_may_have_stored_something_keeps_its_claim(self) -> None:
        self.set_built()
        await self.claimed(PushTagged("app", PLACE), broken(unpublished=False), FAILURE)
        assert await self.claim(OTHER) is None

    async def test_a_push_without_an_answer_keeps_its_claim(self) -> None:
        self.set_built()
        verb = self.expect_verb("push", None, rc=-9)
        await self.run_and_read(PushTagged("app", PLACE), FAILURE, verb)
        assert await self.claim(OTHER) is None

    async def test_a_refused_push_releases_no_claim(self) -> None:
        await self.claim(OTHER)
        self.set_built()
        await self.claimed(PushTagged("app", PLACE), broken(unpublished=True), FAILURE)
        assert await self.claim(DIGEST) is None

    async def test_the_claim_of_an_ended_build_can_be_taken_over(self) -> None:
        await self.claim(OTHER)
        self.set_built()
        step = PushTagged("app", PLACE, take_over=True)
        assert await self.claimed(step) == TagClaim(TAG, DIGEST)

    async def test_the_claim_of_a_running_build_cannot_be_taken_over(self) -> None:
        running = await self.master.data.get(("builds", RUNNING))
        assert not running["complete"]
        await self.claim(OTHER, RUNNING)
        self.set_built()
        claim = await self.claimed(PushTagged("app", PLACE, take_over=True))
        assert claim == TagClaim(TAG, OTHER, "build 1 of other")

    def expect_record(self, content: bytes | None) -> None:
        """Expect that the record of the image is read from the work folder."""
        upload = ExpectUploadFile(
            blocksize=64 * 1024,
            maxsize=MAX_BYTES + 1,
            workersrc="../ship/records/image-app.json",
            workdir="wkdir",
            writer=ExpectRemoteRef(Collector),
            keepstamp=False,
        )
        if content is None:
            self.expect_commands(upload.exit(1))
        else:
            self.expect_commands(upload.upload_string(content).exit(0))

    async def test_an_image_of_an_earlier_build_is_read_from_the_work_folder(self) -> None:
        record = {"commit": COMMIT, "manifest_digest": DIGEST, "name": "app"}
        self.expect_record(json.dumps(record).encode())
        assert await self.claimed(PushTagged("app", PLACE)) == TagClaim(TAG, DIGEST)

    async def test_a_property_of_another_source_is_not_believed(self) -> None:
        self.expect_record(json.dumps({"commit": COMMIT, "manifest_digest": DIGEST}).encode())
        verb = self.expect_verb("push", ended("push"))
        self.setup_step(PushTagged("app", PLACE))
        forced = {"commit": COMMIT, "manifest_digest": OTHER}
        self.build.setProperty("ship_image_app", forced, "Force Build Form")
        self.expect_outcome(result=SUCCESS)
        await self.run_step()
        envelope = envelope_from_json(json.loads(verb.sent["initial_stdin"]))
        assert envelope.claim == TagClaim(TAG, DIGEST)

    async def assert_no_verb_runs(self, record: bytes | None) -> None:
        self.expect_record(record)
        said = await self.run_and_say(PushTagged("app", PLACE), FAILURE)
        assert "image app was not built for this commit" in said
        assert "BuildRuntimeImage" in said

    async def test_without_a_record_nothing_is_claimed_and_no_verb_runs(self) -> None:
        await self.assert_no_verb_runs(None)
        assert await self.claim(OTHER) is not None

    async def test_a_record_that_is_cut_off(self) -> None:
        await self.assert_no_verb_runs(b"{")

    async def test_a_record_of_another_kind(self) -> None:
        await self.assert_no_verb_runs(b"[]")

    async def test_a_record_without_a_digest(self) -> None:
        await self.assert_no_verb_runs(json.dumps({"commit": COMMIT}).encode())

    async def test_a_record_without_a_real_commit(self) -> None:
        await self.assert_no_verb_runs(b'{"commit": "../x", "manifest_digest": "y"}')

    async def test_the_holder_is_named_as_the_web_pages_name_it(self) -> None:
        self.set_built()
        await self.claimed(PushTagged("app", PLACE))
        other = ClaimRow(OTHER, GONE, "x", "x")
        granted = await ClaimTable(self.master).claim(TAG, other, may_take_over=never)
        assert granted.claim.holder.startswith(f"build {NUMBER} of ")


@pytest.mark.row(18)
class TestMoments(StepCase):
    """The timestamp of a step is its own, on all masters that share the database."""

    async def moment(self, step: Any) -> str:
        """Run *step*, after another step has reserved the same microsecond; return its time."""
        begin = datetime.fromtimestamp(0, UTC)
        assert await ClaimTable(self.master).unique_moment(begin, "other") == begin
        verb = self.expect_verb(step.request_type.verb, ended(step.request_type.verb))
        sent = await self.run_and_read(step, SUCCESS, verb)
        return str(sent["moment"])

    async def test_retag_gets_a_moment_that_nobody_else_has(self) -> None:
        moment = await self.moment(RetagBase({"python:3.11": f"{PLACE}/a"}))
        assert moment == "1970-01-01T00:00:00.000001+00:00"

    async def test_derive_gets_a_moment_that_nobody_else_has(self) -> None:
        moment = await self.moment(DeriveBase({"a.docker": f"{PLACE}/b"}))
        assert moment == "1970-01-01T00:00:00.000001+00:00"
