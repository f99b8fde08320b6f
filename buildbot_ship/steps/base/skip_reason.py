"""A ``doStepIf`` that can say why its step is skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from buildbot.process.results import SKIPPED


@attrs.frozen
class RunUnless:
    """A ``doStepIf``: run the step unless *why_not* returns a reason to skip it.

    *why_not* gets the step, and returns an empty text to run it.  Its reason is for people.
    """

    why_not: Callable[[Any], str]

    def __call__(self, step: Any) -> bool:
        """Return whether *step* runs."""
        return not self.why_not(step)

    def and_unless(self, why_not: Callable[[Any], str]) -> RunUnless:
        """Return a ``doStepIf`` with one more reason to skip the step, which comes second."""
        return RunUnless(lambda step: self.why_not(step) or why_not(step))


def skip_summary(step: Any) -> dict[str, str] | None:
    """Return the summary of a *step* that was skipped for a known reason, or None."""
    if step.results != SKIPPED or not isinstance(step.doStepIf, RunUnless):
        return None
    # Build and step have not changed since the decision: Buildbot asks for it at once.
    reason = step.doStepIf.why_not(step)
    return {"step": f"skipped: {reason}"} if reason else None
