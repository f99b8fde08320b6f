"""Run diffoscope, if the worker has it, to explain how two files differ."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ..model.log import Log

_TIMEOUT_SECONDS = 300
_MAX_REPORT_BYTES = 64 * 1024


def explain(first: Path, second: Path, log: Log) -> str:
    """Return diffoscope's report on two files; an empty text if it is not installed."""
    program = shutil.which("diffoscope")
    if program is None:
        return ""
    log("running diffoscope")
    limits = [
        "--max-text-report-size",
        str(_MAX_REPORT_BYTES),
        "--timeout",
        str(_TIMEOUT_SECONDS),
    ]
    command = [program, "--text", "-", *limits, str(first), str(second)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=2 * _TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        log(f"diffoscope failed: {type(error).__name__}")
        return ""
    return done.stdout[:_MAX_REPORT_BYTES].decode("utf-8", "replace").rstrip()
