"""Limits that the kernel enforces on a container, as the engine's API takes them.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerCreate
"""

from __future__ import annotations

import json

from docker.types import Ulimit

from ...model.request.settings import Limits

_MESSAGES = {
    "File too large": "disk",
    "Too many open files": "open_files",
    "Resource temporarily unavailable": "processes",
    "can't start new thread": "processes",
}
"""Texts of EFBIG, EMFILE and EAGAIN, and of Python's own error; the option of each limit."""
PERIOD = 100_000
"""Microseconds in which a container may use its quota of CPU time: the kernel's default."""

LEAST_DATA = 512 * 1024**2
"""The least ``ulimit -d`` in bytes: runc itself, which starts a line, fails with 64 MiB."""


def ulimits(limits: Limits) -> list[Ulimit]:
    """Return the limits of each process: the length of a file in bytes, and open files."""
    return [
        Ulimit(name="fsize", soft=limits.disk, hard=limits.disk),
        Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
    ]


def exceeded(text: str, limits: Limits) -> tuple[str, str] | None:
    """Return the limit that the error messages in *text* name, and its option, or None."""
    for message, option in _MESSAGES.items():
        if message in text:
            unit = "bytes on disk" if option == "disk" else option.replace("_", " ")
            return f"{getattr(limits, option)} {unit}", option
    return None


def cpu_quota(limits: Limits) -> dict[str, int]:
    """Return the limit on CPU time, for a host config.

    The engine refuses ``NanoCpus`` of more CPUs than it has; a quota may be larger.
    """
    return {"cpu_period": PERIOD, "cpu_quota": _quota(limits)}


def build_parameters(limits: Limits) -> dict[str, str]:
    """Return the same limits as parameters of a build, which the SDK does not know."""
    return {
        "ulimits": json.dumps([dict(each) for each in ulimits(limits)]),
        "cpuperiod": str(PERIOD),
        "cpuquota": str(_quota(limits)),
    }


def buildkit_ulimits(limits: Limits) -> list[Ulimit]:
    """Return the limits of each process in a build by BuildKit, which limits nothing else.

    The classic builder limits the memory of all processes together.
    """
    memory = max(limits.memory, LEAST_DATA)
    data = Ulimit(name="data", soft=memory, hard=memory)
    return [*ulimits(limits), data]


def _quota(limits: Limits) -> int:
    return max(1000, round(limits.cpus * PERIOD))
