"""The clock that nobody can set: seconds since this machine started."""

from __future__ import annotations

import time
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""A file of Linux that differs after each start of the machine: random(4)."""


def read_boot_clock() -> tuple[str, float]:
    """Return an identity of this start of the machine, and the seconds since then.

    They are empty and 0 where the kernel does not tell.
    """
    try:
        boot = BOOT.read_text(encoding="ascii").strip()
        return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, ValueError, AttributeError):
        return "", 0.0
