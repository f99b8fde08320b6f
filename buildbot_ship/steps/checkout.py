"""`Checkout`: Buildbot's Git, for branches and revisions that people type in."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import validators
from buildbot.process.results import FAILURE
from buildbot.steps.source.git import Git

from ..model.request import check
from .connection import send_at_once
from .options import faults


@attrs.frozen
class Source:
    """What is checked out; neither is ever an option of git, or a range."""

    branch: str | None = attrs.field(
        default=None, validator=validators.optional(check.revision)
    )
    revision: str | None = attrs.field(
        default=None, validator=validators.optional(check.revision)
    )


class Checkout(Git):  # type: ignore[misc]
    """Check a commit out; refuse a branch, revision or patch before any command runs.

    Takes the options of Buildbot's ``Git``.
    """

    name = "checkout"
    haltOnFailure = True
    _refused = ""

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
        text = self._refused or (
            f"git cannot check out {what} - see in the log whether the worker reaches "
            "the repository, and whether the commit is on the branch"
        )
        return {"step": self.build.properties.cleanupTextFromSecrets(text)}
