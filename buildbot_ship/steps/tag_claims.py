"""Claims of tags in the database that all masters share.

`atomicCreateState` inserts a row, or returns the row that another writer inserted first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import attrs

from ..model.request.settings import TagClaim
from ..model.tag_claims import ClaimRow, conflicts

_CLASS = "buildbot_ship.steps.tag_claims"
_TAGS, _TIMESTAMPS, _LAST = "tags", "timestamps", "last"
_NEXT = timedelta(microseconds=1)


@attrs.frozen
class Granted:
    """The *claim* for the worker; *row* is this build's own row, None if it may not push."""

    claim: TagClaim
    row: str | None


@attrs.frozen
class ClaimTable:
    """The claims in the database of *master*."""

    master: Any

    async def claim(
        self,
        reference: str,
        row: ClaimRow,
        *,
        may_take_over: Callable[[ClaimRow], Awaitable[bool]],
    ) -> Granted:
        """Claim *reference* with *row*; return the claim of another image if one forbids it.

        Every build inserts a row of its own, also for an image that is claimed already.  So a
        claim counts as long as one build may still push its image.  *may_take_over* decides
        about a claim in the way.
        """
        rows: list[ClaimRow] = []
        while True:
            name = _row_name(reference, len(rows) + 1)
            others = conflicts(rows, row.digest)
            if all([await may_take_over(other) for other in others]):
                mine = attrs.evolve(row, take_over=bool(others))
                found = await self._create(_TAGS, name, attrs.asdict(mine))
            else:
                found = await self._get(_TAGS, name)
            if found is None:
                return Granted(TagClaim(reference, others[-1].digest, others[-1].holder), None)
            holder = ClaimRow(**found)
            if (holder.owner, holder.digest) == (row.owner, row.digest):
                return Granted(TagClaim(reference, row.digest), name)
            if holder.digest != row.digest and await self._get(_TAGS, _release_name(name)):
                holder = attrs.evolve(holder, released=True)
            rows.append(holder)

    async def release(self, row: str) -> None:
        """Release the claim *row*, whose build certainly stored nothing under the tag."""
        await self._create(_TAGS, _release_name(row), True)

    async def unique_moment(self, now: datetime, owner: str) -> datetime:
        """Return *now*, or the first later microsecond that is free and after all others.

        A clock that was set back would otherwise give a new base an older tag than the last.
        """
        last, holder = await self._get(_TIMESTAMPS, _LAST) or ("", owner)
        if holder != owner:
            now = max(now, datetime.fromisoformat(last) + _NEXT)
        while await self._create(_TIMESTAMPS, now.isoformat(), owner) != owner:
            now += _NEXT
        state = self.master.db.state
        object_id = await state.getObjectId(_TIMESTAMPS, _CLASS)
        await state.setState(object_id, _LAST, [now.isoformat(), owner])
        return now

    async def _get(self, table: str, name: str) -> Any:
        state = self.master.db.state
        return await state.getState(await state.getObjectId(table, _CLASS), name, None)

    async def _create(self, table: str, name: str, value: Any) -> Any:
        """Insert *value* as *name* and return it, or return the value that is there already."""
        state = self.master.db.state
        object_id = await state.getObjectId(table, _CLASS)
        return await state.atomicCreateState(object_id, name, lambda: value)


def _row_name(reference: str, number: int) -> str:
    # A reference may be longer than a name in the database.
    return f"{hashlib.sha256(reference.encode()).hexdigest()}#{number}"


def _release_name(row: str) -> str:
    return f"{row} released"
