"""Things of others that look like ours: copied labels, copied names, forged entries."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from buildbot_ship.daemon.shared.ownership import BUILD, OWNER
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE, NETWORK, Entry
from buildbot_ship.model.request.wire import CONVERTER
from lab.soak.collecting.owners import HERE, Owner
from lab.soak.collecting.things import Thing


@attrs.define
class Forger:
    """Somebody who makes things beside the ledger in *folder*, whose owner is *owner*.

    *image* names an image without labels, *labelled* one with our owner label.
    """

    client: Any
    dice: random.Random
    folder: Path
    owner: str
    image: str
    labelled: str
    made: list[Thing] = attrs.field(factory=list)

    def work(self, owners: list[Owner]) -> None:
        """Make three things, each in another way."""
        ways: list[Callable[[list[Owner]], None]] = [
            self._copy_labels,
            self._copy_name,
            self._forge_entry,
            self._break_entry,
            self._take_name,
        ]
        for way in self.dice.sample(ways, 3):
            way(owners)

    def _make(self, thing: Thing, labels: dict[str, str], image: str) -> None:
        thing.make(self.client, labels, image)
        self.made.append(thing)

    def _labels(self, owners: list[Owner]) -> dict[str, str]:
        return {OWNER: self.owner, BUILD: self.dice.choice(owners).build}

    def _copy_labels(self, owners: list[Owner]) -> None:
        """Make something with the labels of a build of ours, and no entry."""
        kind = self.dice.choice((CONTAINER, CONTAINER, IMAGE, NETWORK))
        self._make(Thing.new(kind), self._labels(owners), self.labelled)

    def _copy_name(self, owners: list[Owner]) -> None:
        """Make a container whose name continues that of one of ours."""
        name = self.dice.choice(self.dice.choice(owners).things).name.rpartition(":")[2]
        self._make(Thing(CONTAINER, f"{name}-2"), self._labels(owners), self.image)

    def _forge_entry(self, owners: list[Owner]) -> None:
        """Add an entry for something that lacks our label, or that has no ID of ours."""
        thing = Thing.new(self.dice.choice((CONTAINER, IMAGE)))
        labels = self.dice.choice(({}, {OWNER: uuid.uuid4().hex}))
        self._make(thing, labels, self.image)
        self._path(thing).write_text(json.dumps(self._entry(thing, owners)), "utf-8")

    def _break_entry(self, owners: list[Owner]) -> None:
        """Write a part of an entry for something that has our labels."""
        thing = Thing.new(CONTAINER)
        self._make(thing, self._labels(owners), self.image)
        text = json.dumps(self._entry(thing, owners))
        self._path(thing).write_text(text[: self.dice.randrange(len(text))], "utf-8")

    def _take_name(self, owners: list[Owner]) -> None:
        """Give the name of an image of ours to another image, which may have our label."""
        named = [(o, t) for o in owners for t in o.made if t.kind == IMAGE]
        if named:
            owner, thing = self.dice.choice(named)
            owner.made.remove(thing)
            self._make(thing, {}, self.dice.choice((self.image, self.labelled)))

    def _entry(self, thing: Thing, owners: list[Owner]) -> Any:
        build = self.dice.choice(owners).build
        old = time.time() - 1e6
        entry = Entry(thing.kind, thing.name, HERE, build, uuid.uuid4().hex, old)
        return CONVERTER.unstructure(entry)

    def _path(self, thing: Thing) -> Path:
        return (
            self.folder / f"{thing.kind}-{thing.name.replace('/', '_').replace(':', '_')}.json"
        )

    def clean(self) -> None:
        """Remove everything that this round made, and the entries."""
        for thing in self.made:
            thing.remove(self.client)
            self._path(thing).unlink(missing_ok=True)
