"""Merge requests and commit statuses, in a real master, on a server that plays each forge."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from buildbot.plugins import schedulers, util
from buildbot.process.results import FAILURE, SKIPPED, SUCCESS
from buildbot.steps.master import SetProperty
from buildbot.test.util.integration import RunMasterBase

from buildbot_ship.steps.forge.forge import Forge
from buildbot_ship.steps.forge.merge_request import OpenMergeRequest
from tests.fakes.forges import TOKEN, forge_of
from tests.fakes.http import Request, Response

BRANCH, TITLE = "ship/bases-1-0123456789", "Newer bases"
MESSAGE = "Newer bases\n\n@everyone ~~~ libc6 1 -> 2\n"
COMMIT = "0123456789" * 4


class LeaveMessage(SetProperty):  # type: ignore[misc]
    """Leave the property and the build data of `ProposeChange`."""

    async def run(self) -> int:
        await self.setBuildData("message.txt", MESSAGE.encode(), "ProposeChange")
        result: int = await super().run()
        return result


class Secrets(util.Secret):  # type: ignore[misc]
    """A secret without a provider."""

    def __init__(self, value: str) -> None:
        super().__init__("forge-token")
        self.value = value

    def getRenderingFor(self, props: Any) -> str:
        """Return the value, and let the build hide it."""
        props.useSecret(self.value, "forge-token")
        return self.value


class ForgeCase:
    """A master with one builder, and a forge of one kind."""

    kind: ClassVar[str]

    def setUp(self) -> Any:
        serving = forge_of(self.kind)
        self.forge = serving.__enter__()
        self.addCleanup(serving.__exit__, None, None, None)  # type: ignore[attr-defined]
        return super().setUp()  # type: ignore[misc]

    def mktemp(self) -> str:
        """Return the path of a new folder for the master; trial's is in the current folder."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)  # type: ignore[attr-defined]
        return str(Path(folder) / "master")

    async def start(self, token: str = TOKEN, proposal: str = BRANCH) -> None:
        """Start a master with one builder."""
        forge = Forge(
            self.kind, "https://git.example.com/team/app.git", Secrets(token), self.forge.api
        )
        factory = util.BuildFactory()
        factory.addStep(LeaveMessage(property="ship_proposal", value=proposal))
        again = util.Property("again", False)
        factory.addStep(OpenMergeRequest(forge, TITLE, again=again))
        await self.setup_master(  # type: ignore[attr-defined]
            {
                "schedulers": [
                    schedulers.ForceScheduler(
                        "force", ["b"], properties=[util.BooleanParameter("again")]
                    ),
                    schedulers.AnyBranchScheduler("any", builderNames=["b"]),
                ],
                "builders": [util.BuilderConfig("b", workernames=["local1"], factory=factory)],
                "services": [forge.statuses(["b"])],
                "protocols": {},
                "multiMaster": True,
            }
        )

    async def propose(self, results: int = SUCCESS, **parameters: Any) -> str:
        """Run a build; return what the step says."""
        build = await self.doForceBuild(  # type: ignore[attr-defined]
            wantSteps=True, wantProperties=True, wantLogs=True, forceParams=parameters
        )
        assert TOKEN not in json.dumps(build, default=str)
        self.build = build
        self.step = build["steps"][-1]
        assert self.step["results"] == results, self.step["state_string"]
        return str(self.step["state_string"])

    def fail(self, *responses: Response) -> None:
        """Let the forge answer calls with *responses*, the last of them for ever."""
        left = list(responses)

        def fault(_: Request) -> Response | None:
            return left.pop(0) if len(left) > 1 else left[0]

        self.forge.fault = fault


class OnForge(ForgeCase):
    """The tests of one kind of forge."""

    async def test_a_merge_request_is_opened_once(self) -> None:
        await self.start()
        said = await self.propose()
        url = self.forge.url(1)
        assert said == f"{url}: opened"
        assert [(u["name"], u["url"]) for u in self.step["urls"]] == [("merge request", url)]
        assert self.build["properties"]["ship_merge_request"] == (url, "OpenMergeRequest")
        (made,) = self.forge.requests
        assert (made["branch"], made["target"], made["title"]) == (BRANCH, "main", TITLE)
        # Nobody is notified by an @ in the message, and no text ends the block.
        assert made["text"].startswith(f"~~~~text\n{MESSAGE.strip()}\n~~~~\n\nProposed by http")
        assert await self.propose() == f"{url}: open already"
        made["state"] = "closed"
        assert await self.propose() == f"{url}: closed, not opened again"
        assert len(self.forge.requests) == 1
        if self.kind != "gitea":
            # Gitea's call finds any of two.
            assert await self.propose(again=True) == f"{self.forge.url(2)}: opened"

    async def test_a_lost_race_finds_the_one_of_the_other_build(self) -> None:
        await self.start()
        await self.propose()
        asked: list[str] = []

        def hide(request: Request) -> Response | None:
            asked.append(request.method)
            missing = 404 if self.kind == "gitea" else 200
            return Response(missing, b"[]") if len(asked) == 1 else None

        self.forge.fault = hide
        assert await self.propose() == f"{self.forge.url(1)}: open already"
        assert asked == ["GET", "POST", "GET"]

    async def test_refusals_name_cause_and_remedy(self) -> None:
        await self.start()
        for status, body, said in (
            (403, b'{"message": "no right"}', "no right - give the token the permission"),
            (404, b"<html>", "check the URL of the repository"),
            (
                422,
                b'{"message": "x", "errors": [{"message": "bad base"}]}',
                "x; bad base - the",
            ),
            (400, b'{"message": {"base": ["is bad"]}}', '{"base": ["is bad"]} - the message'),
            (301, b"", "write the new URL of the repository into master.cfg"),
            (200, b"<html>", f"its answer is not that of {self.kind}"),
            (200, b"[1]", f"its answer is not that of {self.kind}"),
        ):
            # Gitea answers 404 if there is no merge request.
            self.fail(Response(status, body, {"Location": "http://127.0.0.1:1/"}))
            found = await self.propose(FAILURE)
            assert found.startswith(f"the forge {self.forge.server.address} refused to "), found
            assert said in found.replace("scope api, and", "permission"), found
        assert self.forge.requests == []

    async def test_a_wrong_token_is_refused_and_not_shown(self) -> None:
        await self.start(token="a-token-that-expired")
        said = await self.propose(FAILURE)
        assert "status 401: Bad credentials - write a valid token" in said
        assert "a-token-that-expired" not in json.dumps(self.build, default=str)

    async def test_a_forge_that_is_broken_is_asked_again(self) -> None:
        await self.start()
        answers = [Response(502, b"bad gateway")]

        def fault(_: Request) -> Response | None:
            return answers.pop() if answers else None

        self.forge.fault = fault
        assert await self.propose() == f"{self.forge.url(1)}: opened"

    async def test_without_a_proposal_nothing_is_asked(self) -> None:
        await self.start(proposal="")
        said = await self.propose(SKIPPED)
        assert said.startswith("no merge request")
        assert self.forge.server.requests == []

    async def test_builds_show_at_their_commits(self) -> None:
        await self.start()
        change = {
            "branch": "main",
            "files": ["a"],
            "author": "Dana",
            "committer": "Dana",
            "comments": "x",
            "revision": COMMIT,
            "repository": "https://git.example.com/team/app.git",
            "project": "",
        }
        await self.doForceBuild(useChange=change)  # type: ignore[attr-defined]
        for _ in range(100):
            if len(self.forge.statuses) >= 2:
                break
            await sleep(0.05)
        context = "name" if self.kind == "gitlab" else "context"
        assert [commit for commit, _ in self.forge.statuses] == [COMMIT, COMMIT]
        first, last = (body for _, body in self.forge.statuses)
        assert first["state"] == ("running" if self.kind == "gitlab" else "pending")
        assert last["state"] == "success"
        assert last[context] == "buildbot/b"
        assert "/builders/" in last["target_url"]
        assert last["description"]


async def sleep(seconds: float) -> None:
    from twisted.internet import reactor, task  # noqa: PLC0415

    await task.deferLater(reactor, seconds)


class TestGitHub(OnForge, RunMasterBase):  # type: ignore[misc]
    kind = "github"


class TestGitLab(OnForge, RunMasterBase):  # type: ignore[misc]
    kind = "gitlab"


class TestGitea(OnForge, RunMasterBase):  # type: ignore[misc]
    kind = "gitea"


class TestBroken(ForgeCase, RunMasterBase):  # type: ignore[misc]
    """A forge that never answers well: the step waits for five seconds."""

    kind = "github"

    async def test_a_forge_that_stays_broken_is_a_failure(self) -> None:
        await self.start()
        self.fail(Response(503, b"maintenance"))
        said = await self.propose(FAILURE)
        assert f"the forge {self.forge.server.address} does not answer: status 503" in said
        assert len(self.forge.server.requests) >= 3
