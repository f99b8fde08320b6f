"""The result that a script left in the out folder of its container, or its failure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...errors import HostileArchive, IndexUnavailable, JobFailed, LimitExceeded
from ...model.json_text import read_object
from ...model.secrets.cut_text import shorten, shorten_start
from ..shared.sdk_errors import NO_SPACE

_FULL = (
    "free space on the engine's disk, for example with docker system prune; if it is /dev/shm "
    "or a folder that the base declares as a volume, write less to it"
)
MAX_RESULT = 16 * 1024**2
"""Bytes of ``result.json``; the result of 10,000 packages has a few MiB."""
MAX_OUTPUT = 64 * 1024
"""Characters of a tool's output in an error: its last ones."""
MAX_WHY = 2_000
"""Characters of a script's error message, and of its hint."""


def read_result(
    out: Path, script: str, *, complete: bool, network: bool = False
) -> dict[str, Any]:
    """Read and delete ``result.json`` in *out*; return the result without its ``ok``.

    *complete* is False if the archive of *out* was truncated.  Raises JobFailed with the
    script's message, LimitExceeded, HostileArchive; IndexUnavailable only with *network*.
    """
    if not complete:
        raise HostileArchive("the archive", "is not a complete tar")
    path = out / "result.json"
    try:
        if path.stat().st_size > MAX_RESULT:
            raise LimitExceeded(f"the result of inside/{script}.py", f"{MAX_RESULT} bytes")
        result = read_object(path.read_bytes())
    except (OSError, ValueError):
        raise JobFailed(script, f"inside/{script}.py wrote no valid result.json") from None
    path.unlink()
    if not result.pop("ok", False):
        raise job_failure(result, script, network=network)
    return result


def job_failure(
    result: Mapping[str, Any], script: str, *, network: bool
) -> JobFailed | IndexUnavailable:
    """Return the error that a script reported; only with *network* may it be transient."""
    hint = str(result.get("hint") or "read the step's log for the tool's own output")
    output = shorten_start(str(result.get("output") or ""), MAX_OUTPUT)
    reason = str(result.get("why") or f"inside/{script}.py failed without a reason")
    why, hint = (shorten(text, MAX_WHY) for text in (reason, hint))
    if network and result.get("transient") is True:
        return IndexUnavailable(why, hint, output)
    return JobFailed(script, why, hint, output)


def explain_full_disk(failed: JobFailed) -> JobFailed:
    """Return *failed* with the cause and the remedy if its output says that a disk is full."""
    if NO_SPACE not in f"{failed.why}\n{failed.output}".lower():
        return failed
    why = failed.why if NO_SPACE in failed.why.lower() else f"{failed.why}: {NO_SPACE}"
    return attrs.evolve(failed, why=why, hint=_FULL)
