"""Compress layers, in the tools image: there the build of zlib is pinned, and so the bytes.

Called as ``python compress.py JOB_FOLDER OUT_FOLDER``, with the standard library only.
``JOB_FOLDER/job.json`` is ``{"files": ["layer-0.tar", ...]}``, plain names of files in
the job folder.  Each becomes ``OUT_FOLDER/NAME.gz`` (gzip, RFC 1952, one member: no name,
time 0, OS 255), and ``OUT_FOLDER/result.json`` is ``{"ok": true, "files": {NAME:
{"digest": "sha256:...", "size": BYTES}}}`` about the compressed files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gzip_member import compress


def main(job: Path, out: Path) -> None:
    """Do the job in folder *job*, leave everything in folder *out*."""
    names = json.loads((job / "job.json").read_text(encoding="utf-8"))["files"]
    out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any]
    try:
        result = {
            "ok": True,
            "files": {name: compress(job / name, out / f"{name}.gz") for name in names},
        }
    except OSError as error:
        hint = "give the worker and the engine more room on disk"
        result = {"ok": False, "why": str(error), "hint": hint}
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
