"""What the build page shows of a step: progress, links, why it was skipped, the last line."""

from __future__ import annotations

from typing import Any

import pytest
from buildbot.config.errors import ConfigErrors
from buildbot.plugins import util
from buildbot.process.results import FAILURE, SKIPPED, SUCCESS

from buildbot_ship.steps import CollectGarbage, ProposeChange, PushTagged, RetagBase
from buildbot_ship.steps.base.skip_reason import RunUnless
from tests.unit.steps.step_case import DIGEST, StepCase, ended, failed

PAGE = "https://harbor.example.com/{repository}?tag={tag}"


def pushed(reference: Any = "quay.io/team/app:1", digest: str = DIGEST) -> dict[str, Any]:
    return {"ship_pushed_app": {"reference": reference, "digest": digest}}


class TestProgress(StepCase):
    """The heading of a phase is shown, and no output of a tool."""

    async def test_output_of_tools_is_no_progress(self) -> None:
        verb = self.expect_verb("gc", ended("gc"))
        verb.stdout("== wheel 2 of 9: building six\n  running bdist_wheel\n")
        await self.run_and_say(CollectGarbage(), SUCCESS)
        said = self.get_nth_step(0).getCurrentSummary()
        assert said == {"step": "wheel 2 of 9: building six"}


class TestSkipped(StepCase):
    """A step that is skipped says why."""

    async def test_it_says_why(self) -> None:
        step = CollectGarbage(doStepIf=RunUnless(lambda _: "nothing left behind"))
        assert await self.run_and_say(step, SKIPPED) == "skipped: nothing left behind"

    async def test_without_a_reason_it_runs(self) -> None:
        self.expect_verb("gc", ended("gc", summary="3 leftovers removed"))
        step = CollectGarbage(doStepIf=RunUnless(lambda _: ""))
        assert await self.run_and_say(step, SUCCESS) == "3 leftovers removed"

    async def test_other_conditions_are_buildbots(self) -> None:
        assert await self.run_and_say(CollectGarbage(doStepIf=False), SKIPPED) == (
            "finished (skipped)"
        )

    async def test_the_first_reason_counts(self) -> None:
        decision = RunUnless(lambda _: "one").and_unless(lambda _: "two")
        assert decision.why_not(None) == "one"
        assert RunUnless(lambda _: "").and_unless(lambda _: "two").why_not(None) == "two"


class TestLinks(StepCase):
    """A step links to what it made."""

    async def links(self, step: Any, verb: str, **fields: Any) -> dict[str, str]:
        """Return the links of *step* by title; its verb ends with *fields*."""
        self.set_built()
        self.expect_verb(verb, ended(verb, **fields))
        made = self.setup_step(step)
        self.expect_outcome(result=SUCCESS)
        found: dict[str, str] = {}

        async def add(name: str, url: str) -> None:
            found[name] = url

        made.addURL = add
        await self.run_step()
        return found

    async def test_a_pushed_image_has_a_page(self) -> None:
        step = PushTagged("app", "quay.io/team/app")
        assert await self.links(step, "push", properties=pushed()) == {
            "team/app:1": "https://quay.io/repository/team/app?tab=tags&tag=1"
        }

    async def test_the_option_makes_the_page(self) -> None:
        step = PushTagged("app", "r.example.com/team/app", image_page=PAGE)
        found = await self.links(step, "push", properties=pushed("r.example.com/team/app:1"))
        assert found == {"team/app:1": "https://harbor.example.com/team/app?tag=1"}

    async def test_bases_have_pages(self) -> None:
        bases = {"a": {"reference": "quay.io/a/b:1", "digest": DIGEST}}
        step = RetagBase({"docker.io/library/a:1": "quay.io/a/b"})
        found = await self.links(step, "retag", properties={"ship_bases": bases})
        assert list(found) == ["a/b:1"]

    async def test_a_channel_has_the_page_of_its_tag(self) -> None:
        promoted = {"ship_promoted": {"reference": "quay.io/a/b:live", "digest": DIGEST}}
        found = await self.links(CollectGarbage(), "gc", properties=promoted)
        assert list(found) == ["a/b:live"]

    async def test_what_is_no_image_has_no_link(self) -> None:
        for value in (None, 7, "x", {}, {"reference": "a b", "digest": "c"}):
            self._steps.clear()
            properties = {"ship_pushed_app": value, "ship_bases": {"a": value}}
            step = PushTagged("app", "quay.io/team/app")
            assert await self.links(step, "push", properties=properties) == {}

    async def test_a_url_with_a_secret_is_no_link(self) -> None:
        step = PushTagged(
            "app",
            "r.example.com/team/app",
            image_page="https://x.example.com/{digest}",
            credentials={"r.example.com": ("robot", util.Secret("password"))},
        )
        found = await self.links(step, "push", properties=pushed(digest=self.password))
        assert found == {}

    async def test_texts_link_to_their_logs(self) -> None:
        texts = {"changes.txt": "a", "requirements.strict.txt": "b", "app.log": "c"}
        for name, text in texts.items():
            self.expect_build_data(name, text.encode(), "CollectGarbage")
        found = await self.links(CollectGarbage(), "gc", texts=texts)
        top = f"{self.master.config.buildbotURL}#/builders/"
        assert list(found) == ["changes.txt", "requirements.strict.txt"]
        assert all(url.startswith(top) for url in found.values())
        assert found["requirements.strict.txt"].endswith("/logs/requirements_strict_txt")

    async def test_a_proposal_links_to_the_page_of_its_changes(self) -> None:
        step = ProposeChange("bases", ["*"], "Newer", repourl="git@github.com:team/app.git")
        branch = "ship/bases-1-abc"
        found = await self.links(step, "propose", properties={"ship_proposal": branch})
        assert found == {branch: f"https://github.com/team/app/compare/main...{branch}"}

    async def test_nothing_to_propose_has_no_link(self) -> None:
        step = ProposeChange("bases", ["*"], "Newer", repourl="https://github.com/team/app")
        assert await self.links(step, "propose", properties={"ship_proposal": ""}) == {}


class TestLastLine(StepCase):
    """The log of a failed step ends with cause and remedy."""

    def last_line(self) -> str:
        log = self.get_nth_step(0).logs["stdio"]
        return str((log.stdout + log.stderr).splitlines()[-1])

    async def test_of_a_verb(self) -> None:
        verb = self.expect_verb("gc", failed("gc"), rc=35)
        verb.stdout("working\n")
        said = await self.run_and_say(CollectGarbage(), FAILURE)
        assert self.last_line() == said == "app:1 names another - push elsewhere"

    async def test_of_an_error_before_any_command(self) -> None:
        step = PushTagged("app", util.Interpolate("registry.example.com/app:latest"))
        said = await self.run_and_say(step, FAILURE)
        assert self.last_line() == said
        assert said.endswith("correct the option in master.cfg or on the command line")

    async def test_without_the_secrets_of_the_build(self) -> None:
        answer = failed("gc")
        assert answer.failure is not None
        object.__setattr__(answer.failure, "message", f"refused {self.password}")
        self.expect_verb("gc", answer, rc=35)
        step = CollectGarbage(credentials={"localhost": ("robot", util.Secret("password"))})
        await self.run_and_say(step, FAILURE)
        assert self.last_line() == "refused <password> - push elsewhere"


@pytest.mark.parametrize("page", ["ftp://a/{tag}", "https://a/{commit}", "https://u:p@a/", 7])
def test_a_wrong_page_is_a_configuration_error(page: Any) -> None:
    with pytest.raises(ConfigErrors, match="image_page: "):
        CollectGarbage(image_page=page)
