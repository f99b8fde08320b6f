"""The result that a job's script left in its out folder, distrusted as all that comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import HostileArchive, JobFailed, LimitExceeded

MAX_RESULT = 16 * 1024**2
"""Bytes of a result; that of 10,000 packages has a few."""
MAX_OUTPUT = 64 * 1024
"""Characters of a tool's output that an error shows: the last ones."""
MAX_WHY = 2_000


def read_result(out: Path, script: str, *, whole: bool) -> dict[str, Any]:
    """Return the result in *out*, which then is gone; *whole* says that all of *out* came.

    Raises JobFailed with what the script said, LimitExceeded, HostileArchive.
    """
    if not whole:
        raise HostileArchive("the archive", "is not a whole tar")
    path = out / "result.json"
    try:
        if path.stat().st_size > MAX_RESULT:
            raise LimitExceeded(f"the result of inside/{script}.py", f"{MAX_RESULT} bytes")
        result = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise JobFailed(script, f"inside/{script}.py left no result")
    path.unlink()
    if not result.pop("ok", False):
        hint = str(result.get("hint") or "read the step's log for the tool's own output")
        output = str(result.get("output") or "")[-MAX_OUTPUT:]
        raise JobFailed(script, str(result.get("why"))[:MAX_WHY], hint[:MAX_WHY], output)
    return result
