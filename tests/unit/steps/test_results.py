"""What a step makes of the result that its verb left."""

from __future__ import annotations

from typing import Any

from buildbot.plugins import util
from buildbot.process.results import CANCELLED, FAILURE, RETRY, SUCCESS, WARNINGS
from buildbot.test import fakedb
from twisted.internet import error

from buildbot_ship.errors import OutputMissing
from buildbot_ship.model.result import MAX_BYTES
from buildbot_ship.steps import (
    BuildRuntimeImage,
    CollectGarbage,
    DeriveBase,
    FindPublished,
    PushTagged,
    RetagBase,
)
from tests.unit.steps.step_case import ExpectVerb, StepCase, encode, ended, failed

OWN = "registry.example.com/team/app"
LOOK: dict[str, Any] = {
    "pexes": [{"pex": "app.pex", "requirements": ["app"]}],
    "images": [{"image": "app"}],
    "pushes": [{"image": "app", "repository": OWN}],
}


class TestTranslation(StepCase):
    """Summary, properties, logs and build data."""

    async def test_success_shows_its_summary(self) -> None:
        self.expect_verb("gc", ended("gc", summary="removed 3 images"))
        assert await self.run_and_say(CollectGarbage(), SUCCESS) == "removed 3 images"

    async def test_properties_are_set_in_the_name_of_the_step(self) -> None:
        self.expect_verb("gc", ended("gc", properties={"digest": "sha256:1", "sizes": [1]}))
        self.expect_property("digest", "sha256:1", "CollectGarbage")
        self.expect_property("sizes", [1], "CollectGarbage")
        await self.run_and_say(CollectGarbage(), SUCCESS)

    async def test_a_build_says_what_is_published_already(self) -> None:
        for published in (True, False):
            self._steps.clear()
            self.setup_build()
            found = ended("find", summary="app: so", properties={"ship_published": published})
            self.expect_verb("find", found)
            step = self.setup_step(FindPublished(**LOOK))
            self.expect_outcome(result=SUCCESS)
            await self.run_step()
            said = {"step": "app: so", "build": "app: so"} if published else {"step": "app: so"}
            assert step.getResultSummary() == said

    async def test_a_build_says_what_a_night_brought(self) -> None:
        for published in (True, False):
            self._steps.clear()
            self.setup_build()
            answer = ended("retag", summary="owned") if published else failed("retag")
            self.expect_verb("retag", answer, rc=0 if published else 35)
            step = self.setup_step(RetagBase({"docker.io/library/a:1": "r.example.com/a"}))
            self.expect_outcome(result=SUCCESS if published else FAILURE)
            await self.run_step()
            assert step.getResultSummary().get("build") == ("owned" if published else None)

    async def test_texts_become_logs_and_build_data(self) -> None:
        text = "klein==24.8.0 \N{SNOWMAN}\n"
        self.expect_verb("gc", ended("gc", texts={"requirements.strict.txt": text}))
        self.expect_log_file("requirements.strict.txt", text)
        self.expect_build_data("requirements.strict.txt", text.encode(), "CollectGarbage")
        await self.run_and_say(CollectGarbage(), SUCCESS)

    async def test_warnings_have_a_log_and_the_summary_has_the_first(self) -> None:
        answer = ended("gc", summary="done", warnings=["a: look", "b: look too"])
        self.expect_verb("gc", answer)
        self.expect_log_file("warnings", "a: look\nb: look too\n")
        said = await self.run_and_say(CollectGarbage(), WARNINGS)
        assert said == "done; warning: a: look (and 1 more in the log warnings)"

    async def test_failure_names_cause_and_remedy(self) -> None:
        self.expect_verb("gc", failed("gc", details="line 1\nline 2"), rc=35)
        self.expect_log_file("details", "line 1\nline 2")
        said = await self.run_and_say(CollectGarbage(), FAILURE)
        assert said == "app:1 names another - push elsewhere"

    async def test_a_secret_that_comes_back_is_not_shown(self) -> None:
        self.expect_verb(
            "gc",
            ended("gc", summary="hunter2", properties={"p": "hunter2"}, texts={"t": "hunter2"}),
        )
        self.expect_property("p", "<password>")
        self.expect_log_file("t", "<password>")
        self.expect_build_data("t", b"<password>", "CollectGarbage")
        step = CollectGarbage(credentials={"localhost": ("robot", util.Secret("password"))})
        assert await self.run_and_say(step, SUCCESS) == "<password>"

    async def test_progress_is_the_last_line(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        verb.stdout("one\ntwo  three\n\n")
        await self.run_and_say(CollectGarbage(), SUCCESS)
        assert self.get_nth_step(0).getCurrentSummary() == {"step": "two three"}


class TestBadResults(StepCase):
    """A result that cannot be read is a failure that says so, not an exception."""

    async def said(self, answer: bytes | None, rc: int = 0) -> str:
        self.expect_verb("gc", answer, rc)
        return await self.run_and_say(CollectGarbage(), FAILURE)

    async def test_no_result(self) -> None:
        said = await self.said(None, rc=1)
        assert said.startswith(
            "buildbot-ship gc left no readable result: there is no result file"
        )
        assert "the exit status is 1" in said

    async def test_no_json(self) -> None:
        assert "it is not JSON" in await self.said(b"{")

    async def test_not_text(self) -> None:
        assert "it is not JSON" in await self.said(b"\xff\xfe\xff")

    async def test_too_large(self) -> None:
        said = await self.said(b" " * (MAX_BYTES + 1))
        assert f"larger than {MAX_BYTES} bytes" in said

    async def test_another_schema_names_the_side_to_upgrade(self) -> None:
        data = encode(ended("gc")).replace(b'"schema": 4', b'"schema": 5, "new": 1')
        assert "upgrade buildbot-ship on the master" in await self.said(data)

    async def test_a_field_of_another_kind(self) -> None:
        data = encode(ended("gc")).replace(b'"texts": {}', b'"texts": 1')
        assert "texts" in await self.said(data)

    async def test_another_verb(self) -> None:
        assert "'push'" in await self.said(encode(ended("push")))

    async def test_success_with_an_exit_status(self) -> None:
        assert "its status is success" in await self.said(encode(ended("gc")), rc=-9)

    async def test_silence_that_lasted_too_long(self) -> None:
        verb = self.expect_verb("gc", None, rc=-1, checks_python=False)
        verb.update("failure_reason", "timeout_without_output")
        said = await self.run_and_say(CollectGarbage(seconds=60), FAILURE)
        assert said.startswith("gc, without output, exceeded the limit of 360 seconds - ")


class TestRetry(StepCase):
    """The outside world's faults are tried again, within a bound."""

    async def earlier_builds(self, count: int) -> None:
        await self.master.db.insert_test_data(
            [
                fakedb.Build(
                    id=1000 + number,
                    number=100 + number,
                    buildrequestid=300,
                    masterid=fakedb.FakeDBConnector.MASTER_ID,
                    builderid=100,
                    workerid=400,
                )
                for number in range(count)
            ]
        )

    async def ends(self, earlier: int, results: int, **options: Any) -> str:
        await self.earlier_builds(earlier)
        self.expect_verb("gc", failed("gc", "retry"), rc=20)
        return await self.run_and_say(CollectGarbage(**options), results)

    async def test_the_first_and_second_try_are_followed_by_another(self) -> None:
        assert await self.ends(1, RETRY) == "app:1 names another - push elsewhere"

    async def test_the_third_try_is_the_last(self) -> None:
        assert (await self.ends(2, FAILURE)).endswith("(tried 3 times)")

    async def test_none_when_none_was_asked_for(self) -> None:
        assert (await self.ends(0, FAILURE, retries=0)).endswith("(tried 1 times)")

    async def test_a_build_that_loses_its_worker_each_time_ends(self) -> None:
        await self.earlier_builds(3)
        said = await self.run_and_say(CollectGarbage(), FAILURE)
        assert said.startswith("3 builds of this request ended without a result")

    async def test_its_leftovers_are_removed_nevertheless(self) -> None:
        await self.earlier_builds(3)
        self.expect_verb("gc", ended("gc"))
        await self.run_and_say(CollectGarbage(alwaysRun=True, retries=0), SUCCESS)


class TestInterruptions(StepCase):
    """Cancel and a lost worker are Buildbot's."""

    async def test_cancel_ends_as_cancelled(self) -> None:
        verb = ExpectVerb()

        def cancel(_: object) -> Any:
            return self.get_nth_step(0).interrupt("changed my mind")

        self.expect_commands(verb.behavior(cancel).exit(-1))
        await self.run_and_say(CollectGarbage(), CANCELLED)

    async def test_what_fails_because_of_the_cancel_is_no_failure(self) -> None:
        class Interrupted(CollectGarbage):
            async def reserve(self, envelope: Any, record: Any) -> Any:
                await self.interrupt("changed my mind")
                raise OutputMissing("image app", "BuildRuntimeImage")

        await self.run_and_say(Interrupted(), CANCELLED)

    async def test_a_lost_worker_is_left_to_buildbot(self) -> None:
        self.expect_commands(ExpectVerb().error(error.ConnectionLost()))
        await self.run_and_say(CollectGarbage(), RETRY)


class TestRenderedMistakes(StepCase):
    """What is wrong only once it is rendered fails before any command runs."""

    async def test_a_repository_with_a_tag(self) -> None:
        step = PushTagged("app", util.Interpolate(f"{OWN}:latest"))
        said = await self.run_and_say(step, FAILURE)
        assert said.startswith("PushTagged: repository: ")
        assert "neither tag nor digest" in said
        assert said.endswith("correct the option in master.cfg or on the command line")

    async def test_a_revision_that_is_an_option(self) -> None:
        for revision in ("--upload-pack=x", "a\nb", "a;b", "$(x)", "a..b", "\N{SNOWMAN}"):
            step = PushTagged("app", OWN, revision=util.Transform(str, revision))
            self._steps.clear()
            assert "revision: " in await self.run_and_say(step, FAILURE)

    async def test_an_image_that_is_missing(self) -> None:
        step = PushTagged(util.Property("image"), OWN)
        assert "image: this option is required" in await self.run_and_say(step, FAILURE)

    async def test_an_unknown_secret(self) -> None:
        step = CollectGarbage(credentials={"localhost": ("robot", util.Secret("nothing"))})
        said = await self.run_and_say(step, FAILURE)
        assert said.startswith("credentials: ")
        assert "nothing" in said

    async def test_an_unknown_secret_of_a_build(self) -> None:
        secrets = {"netrc": util.Secret("nothing")}
        step = DeriveBase({"a.docker": OWN}, build_secrets=secrets)
        said = await self.run_and_say(step, FAILURE)
        assert said.startswith("build_secrets: ")
        assert "nothing" in said

    async def test_secrets_of_another_shape(self) -> None:
        secrets = util.Transform(dict, netrc=["hunter3"])
        said = await self.run_and_say(BuildRuntimeImage("app", build_secrets=secrets), FAILURE)
        assert said.startswith("build_secrets: the secret netrc is not a text")
        assert "hunter3" not in said

    async def test_credentials_of_another_shape(self) -> None:
        step = CollectGarbage(credentials=util.Transform(dict, localhost="hunter3"))
        said = await self.run_and_say(step, FAILURE)
        assert said.startswith("credentials: 'localhost' needs a pair")
        assert "hunter3" not in said
