"""`Checkout`: Buildbot's Git, for branches and revisions that people type in."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import validators
from buildbot.process.logobserver import LogLineObserver
from buildbot.process.results import FAILURE
from buildbot.steps.source.git import Git

from ..model.request import check
from .base.connection import send_at_once
from .base.option_check import faults

_NO_ACCESS = "Could not read from remote repository"


@attrs.frozen
class Source:
    """What is checked out; neither is ever an option of git, or a range."""

    branch: str | None = attrs.field(
        default=None, validator=validators.optional(check.revision)
    )
    revision: str | None = attrs.field(
        default=None, validator=validators.optional(check.revision)
    )


class Complaint(LogLineObserver):  # type: ignore[misc]
    """Remember why git failed: what it called fatal last, or what ssh said before that."""

    _before = ""

    def errLineReceived(self, line: str) -> None:
        """Look at *line*."""
        why = line.removeprefix("fatal: ").strip()
        if why != line.strip():
            self.step.complaint = self._before if why.startswith(_NO_ACCESS) else why
        elif why:
            self._before = why


class Checkout(Git):  # type: ignore[misc]
    """Check a commit out; refuse a branch, revision or patch before any command runs.

    Takes the options of Buildbot's ``Git``.
    """

    name = "checkout"
    haltOnFailure = True
    complaint = ""
    _refused = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the options of ``Git``."""
        super().__init__(*args, **kwargs)
        self.addLogObserver("stdio", Complaint())

    def run_vc(self, branch: Any, revision: Any, patch: Any) -> Any:
        """Refuse what is no branch or revision; else do as Git does."""
        wrong = list(faults(Source, {"branch": branch or None, "revision": revision or None}))
        if patch:
            wrong.append("patch: only commits can be shipped")
        if wrong:
            self._refused = (
                f"{'; '.join(wrong)} - give the name of a branch, or a commit's hash"
            )
            return FAILURE
        send_at_once(self.build)
        return super().run_vc(branch, revision, patch)

    def getResultSummary(self) -> dict[str, str]:
        """Return how the step ended: the cause and the remedy when it failed."""
        if self.results != FAILURE:
            summary: dict[str, str] = super().getResultSummary()
            return summary
        what = getattr(self, "revision", None) or self.branch
        why = f": {self.complaint}" if self.complaint else ""
        text = self._refused or (
            f"git cannot check out {what}{why} - see that the worker reaches the repository "
            "with this login, and that the commit is on the branch; the log has all of it"
        )
        return {"step": self.build.properties.cleanupTextFromSecrets(text)}
