"""Print progress: one line per event, with the seconds since the start."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

Say = Callable[[str], None]
START = "BUILDBOT_SHIP_LAB_START"


def clock_start() -> float:
    """Return the start time of this run; bootstrap passes it on in the environment."""
    return float(os.environ.setdefault(START, repr(time.time())))


def progress(stream: TextIO | None = None) -> Say:
    """Return a function that prints a line after the elapsed seconds."""
    begun = clock_start()

    def say(line: str) -> None:
        print(f"{time.time() - begun:6.1f} s  {line}", file=stream or sys.stdout, flush=True)

    return say


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows as a table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
