"""`Checkout`: Buildbot's Git step, safe for branches and revisions from a force form."""

from __future__ import annotations

import re
from typing import Any

import attrs
from attrs import validators
from buildbot.process.buildstep import BuildStepCancelled, BuildStepFailed
from buildbot.process.logobserver import LogLineObserver
from buildbot.process.results import FAILURE, SUCCESS
from buildbot.steps.source.git import Git
from buildbot.util.git_credential import GitCredentialInputRenderer
from buildbot.util.twisted import async_to_deferred
from twisted.internet.defer import ensureDeferred

from ..model.request import check
from .base.option_check import faults
from .base.presentation import write_last_line
from .base.secrets_of_build import add_secret, mask_for
from .base.worker import send_without_delay

_NO_ACCESS = "Could not read from remote repository"
_LOCKED = re.compile(r"Unable to create '(.+\.lock)': File exists")
_LOCKS = 5
"""At most so many locks of a killed git are removed for one command."""


@attrs.frozen
class RequestedSource:
    """Branch and revision of a build; validation rejects git options and ranges."""

    branch: str | None = attrs.field(
        default=None, validator=validators.optional(check.revision)
    )
    revision: str | None = attrs.field(
        default=None, validator=validators.optional(check.revision)
    )


class GitErrorObserver(LogLineObserver):  # type: ignore[misc]
    """Store the cause when git fails: its last fatal line, or the line of ssh before it.

    Store also the lock file that is in the way.
    """

    _previous = ""

    def errLineReceived(self, line: str) -> None:
        """Read one line of standard error."""
        if (found := _LOCKED.search(line)) and not line.startswith("remote:"):
            self.step.git_lock = found[1]
        text = line.removeprefix("fatal: ").strip()
        if text != line.strip():
            self.step.git_error = self._previous if text.startswith(_NO_ACCESS) else text
        elif text:
            self._previous = text


class Checkout(Git):  # type: ignore[misc]
    """Check out a commit; refuse patches and unsafe branches before any command runs.

    The options are those of Buildbot's ``Git``.
    """

    name = "checkout"
    haltOnFailure = True
    git_error = git_lock = ""
    _refusal = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Set the options of ``Git``."""
        super().__init__(*args, **kwargs)
        self.addLogObserver("stdio", GitErrorObserver())

    def run_vc(self, branch: Any, revision: Any, patch: Any) -> Any:
        """Refuse a patch or an invalid branch or revision; otherwise run git."""
        wrong = list(
            faults(RequestedSource, {"branch": branch or None, "revision": revision or None})
        )
        if patch:
            wrong.append("patch: buildbot-ship only ships commits")
        if wrong:
            self._refusal = (
                f"{'; '.join(wrong)} - give a branch or a commit hash, for example main"
            )
            return FAILURE
        send_without_delay(self.build)
        mask_for(self.build)
        return ensureDeferred(self._check_out(branch, revision, patch))

    async def _check_out(self, branch: Any, revision: Any, patch: Any) -> Any:
        await self._hide_login()
        try:
            status = await super().run_vc(branch, revision, patch)
        except BuildStepFailed:
            await write_last_line(self, self._failure())
            raise
        if status == FAILURE:
            await write_last_line(self, self._failure())
        return status

    async def _hide_login(self) -> None:
        """Let the build hide the login.

        Buildbot's Git renders it apart from the build, which then would not hide it.
        """
        options = self._git_auth.git_credential_options
        passwords = [
            login._credential_attributes.get("password")
            for login in (options.credentials if options else ())
            if isinstance(login, GitCredentialInputRenderer)
        ]
        for secret in (self._git_auth.ssh_private_key, *passwords):
            value = await self.build.render(secret)
            if value:
                add_secret(self.build, value, "git-login")

    @async_to_deferred  # type: ignore[untyped-decorator, unused-ignore]
    async def _dovccmd(self, command: Any, abandonOnFailure: bool = True, **more: Any) -> Any:
        """Run git; if a killed git left a lock in the checkout, remove it and run git again."""
        for _ in range(_LOCKS):
            self.git_lock = ""
            try:
                result = await super()._dovccmd(command, abandonOnFailure, **more)
            except BuildStepFailed:
                self._end_if_cancelled()
                if not await self._remove_lock():
                    raise
                continue
            self._end_if_cancelled()
            if more or result == SUCCESS or not await self._remove_lock():
                return result
        return await super()._dovccmd(command, abandonOnFailure, **more)

    def _end_if_cancelled(self) -> None:
        """Raise BuildStepCancelled: for Buildbot's Git, a cancelled command has failed."""
        if self.stopped:
            raise BuildStepCancelled

    async def _remove_lock(self) -> bool:
        """Remove the lock that git complains about; return false if it is not the checkout's.

        Only one build at a time uses a checkout, so nobody else holds it.
        """
        paths = self.build.path_module
        top = paths.join(self.getProperty("builddir", ""), self.workdir, ".git", "")
        lock = paths.normpath(self.git_lock)
        if not lock.startswith(paths.normpath(top) + paths.sep):
            return False
        await self.runRmFile(lock, abandonOnFailure=False)
        self.git_error = ""
        return True

    def getResultSummary(self) -> dict[str, str]:
        """Return the summary of the finished step: cause and remedy if it failed."""
        if self.results != FAILURE:
            summary: dict[str, str] = super().getResultSummary()
            return summary
        return {"step": self._failure()}

    def _failure(self) -> str:
        """Return cause and remedy."""
        source = getattr(self, "revision", None) or self.branch
        cause = f": {self.git_error}" if self.git_error else ""
        text = self._refusal or (
            f"git cannot check out {source}{cause} - check that the worker reaches the "
            "repository with this login and that the commit is on the branch; see the log"
        )
        return mask_for(self.build)(text)
