"""What diffoscope says of two files, on a worker that has it installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ..model.log import Log

_SECONDS = 300
_BYTES = 64 * 1024


def explain(first: Path, second: Path, log: Log) -> str:
    """Return how two files differ, for people; nothing where diffoscope is not installed."""
    program = shutil.which("diffoscope")
    if program is None:
        return ""
    log("asking diffoscope")
    limits = ["--max-text-report-size", str(_BYTES), "--timeout", str(_SECONDS)]
    command = [program, "--text", "-", *limits, str(first), str(second)]
    try:
        said = subprocess.run(command, capture_output=True, timeout=2 * _SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        log(f"diffoscope did not answer: {type(error).__name__}")
        return ""
    return said.stdout[:_BYTES].decode("utf-8", "replace").rstrip()
