"""What goes wrong with the machine itself, said so that a person can act on it."""

from __future__ import annotations

from pathlib import Path

TAIL_LINES = 25


class LabError(Exception):
    """Something of the lab could not be made, started or reached."""


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, or a remark that there is none."""
    if not log.exists():
        return f"(no log at {log})"
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(text[-lines:])
