"""Another master on the same database, which claims a tag and does no more.

``python -m tests.buildbot.foreign_claim FOLDER TAG DIGEST`` prints whether it has the claim.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lab.soak.masters import close_master, open_master, run_in_reactor

from buildbot_ship.model.tag_claims import ClaimRow
from buildbot_ship.steps.tag_claims import ClaimTable

GONE = 999_999
"""The ID of a build that the database does not have any more."""


async def never(_: ClaimRow) -> bool:
    return False


async def claim(folder: Path, tag: str, digest: str) -> None:
    master = await open_master(folder)
    row = ClaimRow(digest, GONE, "build 1 of elsewhere", f"{GONE}-{os.getpid()}")
    granted = await ClaimTable(master).claim(tag, row, may_take_over=never)
    await close_master(master)
    print(granted.row is not None)


if __name__ == "__main__":
    run_in_reactor(claim(Path(sys.argv[1]), *sys.argv[2:]))
