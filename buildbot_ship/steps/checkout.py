"""`Checkout`: Buildbot's Git step, safe for branches and revisions from a force form."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import validators
from buildbot.process.logobserver import LogLineObserver
from buildbot.process.results import FAILURE
from buildbot.steps.source.git import Git
from buildbot.util.git_credential import GitCredentialInputRenderer
from twisted.internet.defer import ensureDeferred

from ..model.request import check
from .base.connection import send_without_delay
from .base.option_check import faults
from .base.secrets_of_build import add_secret, mask_for

_NO_ACCESS = "Could not read from remote repository"


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
    """Store the cause when git fails: its last fatal line, or the line of ssh before it."""

    _previous = ""

    def errLineReceived(self, line: str) -> None:
        """Read one line of standard error."""
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
    git_error = ""
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
        return await super().run_vc(branch, revision, patch)

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

    def getResultSummary(self) -> dict[str, str]:
        """Return the summary of the finished step: cause and remedy if it failed."""
        if self.results != FAILURE:
            summary: dict[str, str] = super().getResultSummary()
            return summary
        source = getattr(self, "revision", None) or self.branch
        cause = f": {self.git_error}" if self.git_error else ""
        text = self._refusal or (
            f"git cannot check out {source}{cause} - check that the worker reaches the "
            "repository with this login and that the commit is on the branch; see the log"
        )
        return {"step": mask_for(self.build)(text)}
