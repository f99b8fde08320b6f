"""The most memory that a process held, as the kernel counts it.

What `wait4` says of a child is no less than what its parent held when it began, so the high
water mark is read from /proc while the process runs.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.05
MARK = "VmHWM:"


class PeakMemory(threading.Thread):
    """Watch a process until it ends; *peak* is in bytes."""

    def __init__(self, pid: int) -> None:
        """Watch the process *pid*, once started."""
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self.peak = 0

    def run(self) -> None:
        """Look again and again: the mark only rises, so the last look counts."""
        while seen := self._look():
            self.peak = seen
            time.sleep(LOOK_SECONDS)

    def _look(self) -> int:
        try:
            text = self._status.read_text(encoding="utf-8")
        except OSError:
            return 0
        return high_water(text)


def high_water(status: str) -> int:
    """Return the mark in the text of a status file in bytes; 0 when it has ended."""
    lines = (line.split() for line in status.splitlines() if line.startswith(MARK))
    return next((int(words[1]) * 1024 for words in lines), 0)
