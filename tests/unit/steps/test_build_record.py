"""What all steps of a build need of the database is read once."""

from __future__ import annotations

import asyncio
from typing import Any

from buildbot_ship.steps.base.build_record import record_of


class Build:
    """A build that is its own master and data API."""

    def __init__(self, buildid: int) -> None:
        self.buildid, self.asked = buildid, list[tuple[object, ...]]()

    @property
    def master(self) -> Build:
        return self

    data = master

    async def get(self, path: tuple[object, ...]) -> Any:
        self.asked.append(path)
        return [{}, {}] if path[0] == "buildrequests" else {"buildrequestid": 7, "number": 3}


def test_all_steps_of_a_build_share_two_questions() -> None:
    build, other = Build(1), Build(2)
    records = [asyncio.run(record_of(build)) for _ in range(3)]
    assert [record.tries for record in records] == [2, 2, 2]
    assert records[0].row["number"] == 3
    assert build.asked == [("builds", 1), ("buildrequests", 7, "builds")]
    asyncio.run(record_of(other))
    assert other.asked[0] == ("builds", 2)
