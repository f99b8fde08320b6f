"""A finding of `doctor`, and the report of all findings, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from ...errors import ShipError, printable
from ..result import counted

SCHEMA = 1
OK, WARNING, PROBLEM, SKIPPED = "ok", "warning", "problem", "skipped"
STATUSES = (OK, WARNING, PROBLEM, SKIPPED)
PROBLEMS = 3
"""The exit status of `doctor` if it found a problem."""
_WIDTH = max(map(len, STATUSES))


@attrs.frozen
class Finding:
    """What one check found: a *status* of `STATUSES`, and a *message* in one line.

    A warning or a problem has a *cause* and a *remedy*.  *error* is the class of the error
    that a build would end with, if it would.  `Report.of` sets *check*, the name of the check.
    """

    status: str
    message: str
    cause: str = ""
    remedy: str = ""
    error: str = ""
    check: str = ""

    def lines(self, width: int) -> Iterator[str]:
        """Yield the finding for a reader; the name of its check takes *width* columns."""
        yield f"{self.status:<{_WIDTH}}  {self.check:<{width}}  {self.message}"
        for label in ("cause", "remedy"):
            if text := getattr(self, label):
                yield f"{'':{_WIDTH}}  {label}: {text}"


def ok(message: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(OK, message)


def warning(message: str, cause: str, remedy: str) -> Finding:
    """Return a finding that does not stop a build."""
    return Finding(WARNING, message, cause, remedy)


def problem(message: str, cause: str, remedy: str) -> Finding:
    """Return a finding that stops a build, or spoils what it makes."""
    return Finding(PROBLEM, message, cause, remedy)


def skipped(why: str) -> Finding:
    """Return the finding of a check that was not made."""
    return Finding(SKIPPED, why)


def failed(message: str, error: ShipError, remedy: str = "") -> Finding:
    """Return the problem that *error* tells of; *remedy* replaces that of the error."""
    kind = type(error).__name__
    return Finding(PROBLEM, message, str(error), remedy or error.remedy, kind)


@attrs.frozen
class Report:
    """All findings, in the order of their checks."""

    findings: tuple[Finding, ...]

    @property
    def status(self) -> str:
        """Return the worst status: ``problem``, ``warning`` or ``ok``."""
        found = {finding.status for finding in self.findings}
        return next((status for status in (PROBLEM, WARNING) if status in found), OK)

    @property
    def exit_status(self) -> int:
        """Return 0, or `PROBLEMS` if there is a problem."""
        return PROBLEMS if self.status == PROBLEM else 0

    @property
    def counts(self) -> dict[str, int]:
        """Return how many findings have each status."""
        found = [finding.status for finding in self.findings]
        return {status: found.count(status) for status in STATUSES}

    @property
    def summary(self) -> str:
        """Return the last line for a reader."""
        counts = self.counts
        parts = [counted(counts[PROBLEM], "problem"), counted(counts[WARNING], "warning")]
        return f"{', '.join(parts)}, {counts[OK]} ok, {counts[SKIPPED]} skipped"

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON document; docs/command-line.md describes it."""
        fields = ("check", "status", "message", "cause", "remedy", "error")
        findings = [
            {name: printable(getattr(each, name)) for name in fields} for each in self.findings
        ]
        counts = self.counts
        return {
            "schema": SCHEMA,
            "status": self.status,
            "counts": counts,
            "findings": findings,
        }
