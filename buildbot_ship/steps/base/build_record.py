"""What the master's database knows of a build, read once for all of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import attrs


@attrs.frozen
class BuildRecord:
    """The *row* of a build, and the number of builds that its request had: its *tries*.

    Both are as they were when its first step began; this build is one of the tries.
    """

    row: Mapping[str, Any]
    tries: int


_RECORDS: WeakKeyDictionary[Any, BuildRecord] = WeakKeyDictionary()


async def record_of(build: Any) -> BuildRecord:
    """Return the record of a running *build*."""
    if build not in _RECORDS:
        data = build.master.data
        row = await data.get(("builds", build.buildid))
        builds = await data.get(("buildrequests", row["buildrequestid"], "builds"))
        _RECORDS[build] = BuildRecord(row, len(builds))
    return _RECORDS[build]
