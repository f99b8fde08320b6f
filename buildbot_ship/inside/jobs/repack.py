"""Put other bytes into some members of a wheel, where such wheels are compressed.

job.json: ``{"wheel": FILE, "changes": {MEMBER: PATH}}``; FILE and every PATH lie in the job
folder.  Out folder: FILE.  Nothing of the wheel runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from job import Failed, main
from wheel_rewrite import repack_wheel


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Leave the other wheel."""
    old = job / arguments["wheel"]
    changes = {name: (job / path).read_bytes() for name, path in arguments["changes"].items()}
    try:
        (out / old.name).write_bytes(repack_wheel(old.read_bytes(), changes))
    except ValueError as error:
        raise Failed(f"{old.name} {error}", "build without caches") from None
    return {}


if __name__ == "__main__":
    main(work)
