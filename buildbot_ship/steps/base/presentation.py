"""Show the progress and the result of a verb on the build page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from buildbot.process.buildstep import BuildStep, ShellMixin
from buildbot.process.logobserver import LogLineObserver
from buildbot.process.results import FAILURE, RETRY, SUCCESS, WARNINGS
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.python.failure import Failure

from ...errors import ShipError
from ...model import result
from ...model.decision.links import Link, is_web_address
from ...model.log import HEADING, OUTPUT
from .links import MOST, image_links, log_link
from .secrets_of_build import mask_for
from .skip_reason import skip_summary

# Buildbot is not typed: its numbers are Any without this.
_STATUS: dict[str, int] = {
    result.SUCCESS: SUCCESS,
    result.FAILURE: FAILURE,
    result.RETRY: RETRY,
}
_PROGRESS_CHARACTERS = 120


class ProgressObserver(LogLineObserver):  # type: ignore[misc]
    """Show the last line that the verb wrote as the step's progress; no output of tools."""

    def outLineReceived(self, line: str) -> None:
        """Show *line*."""
        if not line.startswith(OUTPUT):
            self.step.show_progress(line)


class ResultPresentation(ShellMixin, BuildStep):  # type: ignore[misc]
    """The part of a step that shows a `Result`: summary, properties, logs and build data.

    It removes the secrets that the build has used from every text; see `secrets_of_build`.
    """

    image_page: Any = ""
    insecure_registries: Any = ()
    _progress = "starting"
    _summary: str | None = None

    def summarizes_build(self) -> bool:
        """Return whether the summary of a successful step becomes the build's summary."""
        return False

    def show_progress(self, line: str) -> None:
        """Show *line* as the progress until the next one; a heading without its mark."""
        if line.strip():
            # Mask before cutting: half a secret is not found.
            shown = self._without_secrets(line).removeprefix(HEADING)
            self._progress = " ".join(shown.split())[:_PROGRESS_CHARACTERS]
            self.updateSummary()

    def getCurrentSummary(self) -> dict[str, str]:
        """Return the last line of progress; Buildbot calls this while the step runs."""
        return {"step": self._progress}

    def getResultSummary(self) -> dict[str, str]:
        """Return the summary of the finished step: cause and remedy if it failed.

        A step that was skipped says why.
        """
        if skipped := skip_summary(self):
            return skipped
        if self._summary is None:
            summary: dict[str, str] = BuildStep.getResultSummary(self)
            return summary
        text = re.sub(r"\s+", " ", self._without_secrets(self._summary))
        succeeded = self.results in (SUCCESS, WARNINGS)
        for_build = {"build": text} if succeeded and self.summarizes_build() else {}
        return {"step": text, **for_build}

    async def show_error(self, error: ShipError) -> None:
        """Show an *error* that the master raised."""
        if error.details:
            await self._add_log("details", error.details)
        self._summary = f"{error} - {error.remedy}"

    async def show_result(self, outcome: result.Result) -> int:
        """Show the result of the verb; return Buildbot's status for it."""
        source = type(self).__name__
        for name, value in outcome.properties.items():
            self.setProperty(name, result.changed(value, mask_for(self.build)), source)
        for name, text in outcome.texts.items():
            shown = self._without_secrets(text)
            await self._add_log(name, text)
            await self.setBuildData(name, shown.encode(), source)
        await self._add_links(outcome)
        if outcome.warnings:
            await self._add_log("warnings", "".join(f"{line}\n" for line in outcome.warnings))
        if outcome.failure is not None and outcome.failure.details:
            await self._add_log("details", outcome.failure.details)
        self._summary = summary_of(outcome)
        status = _STATUS[outcome.status]
        return WARNINGS if status == SUCCESS and outcome.warnings else status

    async def write_last_line(self) -> None:
        """Write the summary of a failure, its cause and remedy, at the end of the log."""
        await write_last_line(self, self.getResultSummary()["step"])

    def links(self, outcome: result.Result) -> Iterator[Link]:
        """Yield the links to what the verb made, besides its texts."""
        yield from image_links(
            outcome.properties, self.image_page or "", self.insecure_registries or ()
        )

    async def _add_links(self, outcome: result.Result) -> None:
        found = list(self.links(outcome)) if outcome.failure is None else []
        texts = [name for name in outcome.texts if not name.endswith(".log")]
        found += [await log_link(self, name) for name in texts]
        for link in found[:MOST]:
            # Half a secret, or a placeholder for one, makes no link.
            if is_web_address(link.url) and self._without_secrets(link.url) == link.url:
                await self.addURL(self._without_secrets(link.title), link.url)

    def addLogWithFailure(self, why: Failure, logprefix: str = "") -> Deferred[None]:
        """Add the traceback of a bug, without secrets; Buildbot calls this."""
        name = f"{logprefix}err.text"
        return ensureDeferred(self._add_log(name, why.getTraceback()))

    async def _add_log(self, name: str, text: str) -> None:
        await self.addCompleteLog(name, self._without_secrets(text))

    def _without_secrets(self, text: str) -> str:
        """Return *text* without the secrets that this build has used."""
        return mask_for(self.build)(text)


async def write_last_line(step: Any, text: str) -> None:
    """Write *text* at the end of the log of a *step* that ran a command or none."""
    log = step.logs.get("stdio") or await step.addLog("stdio")
    if not log.finished:
        await log.addStderr(f"{text}\n")


def summary_of(outcome: result.Result) -> str:
    """Return cause and remedy of a failure, or the summary with the first warning."""
    if outcome.failure is not None:
        return f"{outcome.failure.message} - {outcome.failure.remedy}"
    if not outcome.warnings:
        return outcome.summary
    more = len(outcome.warnings) - 1
    rest = f" (and {more} more in the log warnings)" if more else ""
    return f"{outcome.summary}; warning: {outcome.warnings[0]}{rest}"
