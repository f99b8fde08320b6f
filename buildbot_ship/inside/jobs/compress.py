"""Compress layers in the tools image, which pins zlib and so the compressed bytes.

Called as ``python compress.py JOB_FOLDER OUT_FOLDER``; it uses the standard library only.
job.json: ``{"files": ["layer-0.tar", ...]}``, names of files in the job folder.
Out folder: ``NAME.gz`` for each (gzip, RFC 1952, one member: no name, time 0, OS 255).
result.json: ``{"ok": true, "files": {NAME: {"digest": "sha256:...", "size": BYTES}}}``, of the
compressed files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gzip_member import compress


def main(job: Path, out: Path) -> None:
    """Do the job in the folder *job*; write the result and the files to *out*."""
    names = json.loads((job / "job.json").read_text(encoding="utf-8"))["files"]
    out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any]
    try:
        result = {
            "ok": True,
            "files": {name: compress(job / name, out / f"{name}.gz") for name in names},
        }
    except OSError as error:
        hint = "free disk space on the worker and on the engine's host"
        result = {"ok": False, "why": str(error), "hint": hint}
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
