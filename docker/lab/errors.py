"""Errors of the test environment, with messages that say what to do."""

from __future__ import annotations

from pathlib import Path

TAIL_LINES = 25


class LabError(Exception):
    """A part of the environment could not be created, started or reached."""


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, or a note that it does not exist."""
    if not log.exists():
        return f"(no log at {log})"
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(text[-lines:])
