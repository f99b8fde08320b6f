"""Repack a wheel with new bytes in some members, with the zlib that compressed it.

job.json: ``{"wheel": FILE, "changes": {MEMBER: PATH}}``; FILE and every PATH are in the job
folder.
Out folder: FILE.
result.json: ``{}``.

No code of the wheel runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from job import Failed, main
from wheel_rewrite import repack_wheel


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Write the repacked wheel."""
    old = job / arguments["wheel"]
    changes = {name: (job / path).read_bytes() for name, path in arguments["changes"].items()}
    try:
        (out / old.name).write_bytes(repack_wheel(old.read_bytes(), changes))
    except ValueError as error:
        hint = "build without the cache, for example with the option no_cache=True"
        raise Failed(f"{old.name} {error}", hint) from None
    return {}


if __name__ == "__main__":
    main(work)
