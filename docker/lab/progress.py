"""One line per event, with the seconds since the start."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

Say = Callable[[str], None]
START = "BUILDBOT_SHIP_LAB_START"


def clock_start() -> float:
    """Return when this run began; the bootstrap hands it on to what it becomes."""
    return float(os.environ.setdefault(START, repr(time.time())))


def progress(stream: TextIO | None = None) -> Say:
    """Return a function that prints a line with the elapsed seconds before it."""
    begun = clock_start()

    def say(line: str) -> None:
        print(f"{time.time() - begun:6.1f} s  {line}", file=stream or sys.stdout, flush=True)

    return say


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out under their heads, columns aligned."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
