"""The journal of what ships, in the database that all masters share.

The entries have numbers, and nobody changes them.  `atomicCreateState` inserts a number, or
returns the entry that another writer inserted first, who then has it.  Buildbot's Janitor
removes old builds with their data, but not the journal.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import attrs
import sqlalchemy
from buildbot.process.results import SUCCESS

from ..model.artefact import Package
from ..model.journal.entries import BuildName, JournalEntry, from_json, to_json
from ..model.journal.inventory import Inventory
from ..model.reference import digest_of
from ..model.request.wire import CONVERTER

_CLASS = "buildbot_ship.steps.journal"
_ENTRIES, _PACKAGES = "journal", "packages"
_MOST_KNOWN = 2000
"""How many sets of packages a master keeps in memory."""
_AT_ONCE = 200
"""How many names one statement has: databases limit its variables."""


@attrs.define(eq=False)
class Journal:
    """The journal in the database of *master*; *inventory* has all entries up to *last*."""

    master: Any
    inventory: Inventory = attrs.field(factory=Inventory)
    last: int = 0
    _known: dict[str, dict[str, Package]] = attrs.field(factory=dict)

    async def read(self) -> Inventory:
        """Return the inventory, with what all masters have written by now."""
        for number, value in await self._entries_after(self.last):
            if number == self.last + 1:
                self._add(number, value)
        return self.inventory

    async def write(self, entry: JournalEntry) -> None:
        """Append *entry*, unless it says nothing new."""
        mine = {**to_json(entry), "writer": uuid.uuid4().hex}
        while not (await self.read()).has(entry):
            number = self.last + 1
            found = await self._create(_ENTRIES, _entry_name(number), mine)
            if number == self.last + 1:
                self._add(number, found)
            if found["writer"] == mine["writer"]:
                return

    async def keep_packages(self, packages: Mapping[str, Package]) -> str:
        """Keep *packages*, and return the digest that names them."""
        plain = CONVERTER.unstructure(dict(packages), dict[str, Package])
        digest = digest_of(json.dumps(plain, sort_keys=True).encode())
        if digest not in self._known:
            await self._create(_PACKAGES, digest, plain)
            self._known[digest] = dict(packages)
        return digest

    async def packages(self, digests: Iterable[str]) -> Mapping[str, dict[str, Package]]:
        """Return the packages of each of *digests*; what is not kept is empty."""
        asked = set(digests)
        found = {name: self._known[name] for name in asked & self._known.keys()}
        missing = sorted(asked - found.keys())
        for start in range(0, len(missing), _AT_ONCE):
            names = missing[start : start + _AT_ONCE]
            rows = dict(await self._select(_PACKAGES, lambda column, n=names: column.in_(n)))
            for name in names:
                found[name] = _read_packages(json.loads(rows.get(name, "{}")))
        if len(self._known) + len(missing) > _MOST_KNOWN:
            self._known.clear()
        self._known |= {name: found[name] for name in missing[:_MOST_KNOWN]}
        return found

    def _add(self, number: int, value: Any) -> None:
        self.last = number
        entry = from_json(value)
        if entry is not None:
            self.inventory.add(entry)

    async def _entries_after(self, last: int) -> list[tuple[int, Any]]:
        rows = await self._select(_ENTRIES, lambda column: column > _entry_name(last))
        return [(int(name), json.loads(value)) for name, value in rows]

    async def _select(self, table: str, which: Any) -> list[tuple[str, str]]:
        """Return name and JSON of the rows of *table* whose name is *which*, sorted by name."""
        database = self.master.db
        object_id = await database.state.getObjectId(table, _CLASS)

        def select(connection: Any) -> list[tuple[str, str]]:
            rows = database.model.object_state.c
            query = (
                sqlalchemy.select(rows.name, rows.value_json)
                .where(rows.objectid == object_id, which(rows.name))
                .order_by(rows.name)
            )
            return [(row.name, row.value_json) for row in connection.execute(query)]

        found: list[tuple[str, str]] = await database.pool.do(select)
        return found

    async def _create(self, table: str, name: str, value: Any) -> Any:
        """Insert *value* as *name* and return it, or return the value that is there already."""
        state = self.master.db.state
        object_id = await state.getObjectId(table, _CLASS)
        return await state.atomicCreateState(object_id, name, lambda: value)


def _read_packages(value: Mapping[str, Any]) -> dict[str, Package]:
    """Return the packages in *value*, which `keep_packages` wrote."""
    # A general converter takes 50 times as long, and a question reads thousands of sets.
    return {
        name: Package(each["version"], tuple(each["requires"])) for name, each in value.items()
    }


_JOURNALS: WeakKeyDictionary[Any, Journal] = WeakKeyDictionary()


def journal_of(master: Any) -> Journal:
    """Return the journal of *master*."""
    if master not in _JOURNALS:
        _JOURNALS[master] = Journal(master)
    return _JOURNALS[master]


def build_name(step: Any, record: Mapping[str, Any]) -> BuildName:
    """Return the build of *step*; *record* is its row in the database."""
    builder = step.build.builder.name
    return BuildName(record["buildid"], record["number"], record["builderid"], builder)


def now(master: Any) -> str:
    """Return the time of an entry: UTC, ISO 8601, to the second."""
    moment = datetime.fromtimestamp(master.reactor.seconds(), UTC)
    return moment.isoformat(timespec="seconds")


def has_passed(build: Any, kind: type[Any]) -> bool:
    """Return whether a step of *kind* succeeded in *build*."""
    steps = (step for step in build.executedSteps if isinstance(step, kind))
    return any(step.results == SUCCESS for step in steps)


def _entry_name(number: int) -> str:
    # Databases sort names as text.
    return f"{number:012}"
