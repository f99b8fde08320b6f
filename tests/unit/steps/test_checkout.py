"""A branch or revision that people type in never becomes an option of git."""

from __future__ import annotations

import posixpath
from typing import Any
from unittest import mock

import pytest
from buildbot.process.buildstep import (
    BuildStepCancelled,
    BuildStepFailed,
    create_step_from_step_or_factory,
)
from buildbot.process.results import FAILURE
from buildbot.steps.source.git import Git
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


BUILD = "/wrk/ship"


class GitThatFindsLocks(Checkout):
    """A checkout whose git complains about one lock after another, and removes none."""

    def __init__(self, locks: list[str]) -> None:
        super().__init__("https://git.example.com/a.git")
        self.locks, self.removed = locks, list[str]()

    def getProperty(self, name: str, default: Any = None) -> Any:
        return BUILD if name == "builddir" else default

    async def runRmFile(self, path: str, **options: Any) -> None:
        self.removed.append(path)
        self.locks.remove(path)


async def complain(step: Any, command: Any, abandon: bool = True, **more: Any) -> int:
    """Stand in for the parent's method: git fails as long as there is a lock."""
    observer = GitErrorObserver()
    observer.setStep(step)
    for lock in step.locks[:1]:
        observer.errLineReceived(f"fatal: Unable to create '{lock}': File exists.")
        if abandon:
            raise BuildStepFailed
        return 128
    return 0


class TestLocks(StepCase):
    """A git that was killed leaves locks; nobody else uses the checkout."""

    async def run_git(
        self, locks: list[str], abandon: bool = True, *, stopped: bool = False
    ) -> tuple[Any, list[str]]:
        step: Any = create_step_from_step_or_factory(GitThatFindsLocks(locks))
        step.stopped = stopped
        step.build, step.workdir = mock.Mock(path_module=posixpath), "build"
        with mock.patch.object(Git, "_dovccmd", complain):
            return await step._dovccmd(["checkout"], abandon), step.removed

    async def test_locks_of_the_checkout_are_removed(self) -> None:
        for abandon in (True, False):
            locks = [f"{BUILD}/build/.git/index.lock", f"{BUILD}/build/.git/refs/heads/a.lock"]
            assert await self.run_git([*locks], abandon) == (0, locks)

    async def test_other_files_are_not(self) -> None:
        for lock in ("/etc/x.lock", f"{BUILD}/build/.git/../x.lock", f"{BUILD}/build/x.lock"):
            with pytest.raises(BuildStepFailed):
                await self.run_git([lock])
            assert await self.run_git([lock], abandon=False) == (128, [])

    async def test_a_cancelled_checkout_is_no_failure(self) -> None:
        for abandon in (True, False):
            with pytest.raises(BuildStepCancelled):
                await self.run_git([f"{BUILD}/build/.git/index.lock"], abandon, stopped=True)

    async def test_a_lock_that_comes_back_is_a_failure(self) -> None:
        locks = [f"{BUILD}/build/.git/{n}.lock" for n in range(9)]
        with pytest.raises(BuildStepFailed):
            await self.run_git(locks)


class Step:
    """The step that `GitErrorObserver` watches."""

    git_error = git_lock = ""


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


def test_a_lock_that_a_server_talks_of_is_no_lock() -> None:
    seen = GitErrorObserver()
    seen.setStep(Step())
    seen.errLineReceived(f"remote: Unable to create '{BUILD}/build/.git/a.lock': File exists.")
    assert seen.step.git_lock == ""
