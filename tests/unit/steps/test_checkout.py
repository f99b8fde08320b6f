"""A branch or revision that people type in never becomes an option of git."""

from __future__ import annotations

from typing import Any

import pytest
from buildbot.process.buildstep import create_step_from_step_or_factory
from buildbot.process.results import FAILURE
from buildbot.test.fake.fakebuild import FakeBuild

from buildbot_ship.steps import Checkout
from buildbot_ship.steps.base.secrets_of_build import mask_for
from buildbot_ship.steps.checkout import GitErrorObserver
from tests.unit.steps.step_case import StepCase

EVIL = ("--upload-pack=x", "-x", "a\nb", "a;b", "$(x)", "a b", "a..b", "+main:main", "\u2028")


class Stamp:
    """A source stamp, as a build has it."""

    changes: tuple[()] = ()

    def __init__(self, branch: object, revision: object, patch: object = None) -> None:
        self.branch, self.revision, self.patch = branch, revision, patch


class TestCheckout(StepCase):
    """No command is expected, so any that ran would fail the test."""

    async def said(self, stamp: Stamp) -> str:
        self._steps.clear()
        build: Any = FakeBuild(master=self.master)
        build.sources, build.master = {"": stamp}, self.master
        self.build = build
        return await self.run_and_say(Checkout("https://git.example.com/a.git"), FAILURE)

    async def test_a_branch_that_is_none_is_refused(self) -> None:
        for evil in EVIL:
            said = await self.said(Stamp(evil, None))
            assert said.startswith(f"branch: {evil!r} is ")
            assert said.endswith("give a branch or a commit hash, for example main")

    async def test_a_revision_that_is_none_is_refused(self) -> None:
        for evil in EVIL:
            assert (await self.said(Stamp("main", evil))).startswith(f"revision: {evil!r} is ")

    async def test_a_patch_is_refused(self) -> None:
        stamp = Stamp("main", None, (1, b"diff", "."))
        assert (await self.said(stamp)).startswith("patch: buildbot-ship only ships commits")


class TestLogin(StepCase):
    """Buildbot's Git renders the login apart from the build."""

    async def hidden(self, **login: object) -> str:
        """Return what the build shows of a password and a key after a checkout has begun."""
        build: Any = FakeBuild(master=self.master)
        build.sources, build.master = {"": Stamp("main", None)}, self.master
        made = Checkout("https://git.example.com/a.git", **login)
        step: Any = create_step_from_step_or_factory(made)
        step.build = build
        mask = mask_for(build)
        await step._hide_login()
        return mask("hunter2-of-git, base64 aHVudGVyMi1vZi1naXQ=, and a-private-key")

    async def test_a_password_and_a_key_are_hidden_in_every_encoding(self) -> None:
        assert await self.hidden() == (
            "hunter2-of-git, base64 aHVudGVyMi1vZi1naXQ=, and a-private-key"
        )
        assert await self.hidden(auth_credentials=("robot", "hunter2-of-git")) == (
            "<git-login>, base64 <git-login>, and a-private-key"
        )
        assert await self.hidden(sshPrivateKey="a-private-key", sshKnownHosts="x y z") == (
            "hunter2-of-git, base64 aHVudGVyMi1vZi1naXQ=, and <git-login>"
        )


class Step:
    """The step that `GitErrorObserver` watches."""

    git_error = ""


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            ["Host key verification failed.", "fatal: Could not read from remote repository."],
            "Host key verification failed.",
        ),
        (
            ["fatal: not a git repository", "fatal: Authentication failed for 'https://a/'"],
            "Authentication failed for 'https://a/'",
        ),
        (["remote: something", ""], ""),
    ],
)
def test_what_git_complains_of_is_remembered(lines: list[str], why: str) -> None:
    seen = GitErrorObserver()
    seen.setStep(Step())
    for line in lines:
        seen.errLineReceived(line)
    assert seen.step.git_error == why
