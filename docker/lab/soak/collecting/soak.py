"""The soak `collector`: in each round, three owners and a forger work, then the collector.

An owner is a process that notes and makes containers, networks and images.  Some are killed in
the middle.  The forger makes things that look like ours.  The clock jumps a day in two thirds
of the rounds.  A collection must remove everything of the dead, nothing else, and exactly what
its dry run showed.  At the end of a round the living end as well, and a collection without an
age limit removes what they left.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.shared.ownership import OWNER
from buildbot_ship.model.request import GarbageRequest
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.ledger import Ledger
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.maintenance.gc import WorkerState, gc
from lab.runs import Run
from lab.soak.collecting.foreign import Forger
from lab.soak.collecting.owners import HERE, Owner
from lab.soak.collecting.things import Thing, connect, import_image
from lab.soak.options import SoakOptions
from lab.soak.tally import Tally

OWNERS = 3
JUMPS = (-86400.0, 0.0, 86400.0)
"""Seconds by which the clock jumps."""
LIMITS = (0.0, 24.0)
"""The option ``older_than_hours`` of a collection."""


def soak_collector(run: Run, options: SoakOptions) -> Tally:
    """Run all rounds on the engine, with a ledger of their own."""
    run.start_engine()
    folder = run.folder / "collector"
    tally = Tally()
    with _scene(folder) as scene:
        for number in range(options.rounds):
            _Round(scene, number).play(tally)
            if (number + 1) % 100 == 0:
                run.say(f"collector: {number + 1} of {options.rounds} rounds")
    return tally


@dataclass
class _Scene:
    """The engine, the folder of the ledger, and three images without files."""

    client: Any
    folder: Path
    owner: str
    ours: str
    ours_id: str
    foreign: str
    labelled: str

    def collect(self, number: int, request: GarbageRequest, now: float) -> list[str]:
        """Collect as a build in the work folder HERE; return the property of the result."""
        ledger = Ledger(self.folder / "ledger", HERE, f"collector-{number}")
        engine = Engine(ledger, time.time, dict(os.environ), api="1.41")
        nothing = self.folder / "nothing"
        state = WorkerState(ledger, Work(nothing), DiskCache(nothing))
        result = gc(request, state=state, daemon=lambda: engine, now=now, log=_quiet)
        ledger.close()
        name = "ship_would_remove" if request.dry_run else "ship_removed"
        return list(result.properties[name])


@contextmanager
def _scene(folder: Path) -> Iterator[_Scene]:
    client = connect()
    owner = Ledger(folder / "ledger", HERE, "soak").owner
    with ExitStack() as stack:
        labels = ("", "", f"{OWNER}={owner}")
        images = [import_image(client, label) for label in labels]
        for image in images:
            stack.callback(client.remove_image, image, force=True)
        ours_id = client.inspect_image(images[0])["Id"]
        yield _Scene(client, folder, owner, images[0], ours_id, *images[1:])


@dataclass
class _Round:
    """One round; its number decides everything, so that it can be repeated."""

    scene: _Scene
    number: int
    owners: list[Owner] = field(default_factory=list)

    def play(self, tally: Tally) -> None:
        """Let owners and forger work, collect twice, and judge what is left."""
        scene, dice = self.scene, random.Random(self.number)  # noqa: S311  # repeatable
        ledger = scene.folder / "ledger"
        hours, now = dice.choice(LIMITS), time.time() + dice.choice(JUMPS)
        forger = Forger(
            *(scene.client, dice, ledger, scene.owner, scene.foreign, scene.labelled)
        )
        try:
            for each in range(OWNERS):
                owner = Owner.choose(dice, ledger, f"build-{self.number}-{each}")
                self.owners.append(owner)
                owner.start(scene.ours, scene.ours_id)
            forger.work(self.owners)
            self._collect(hours, now, tally)
            self._judge(hours, forger.made, tally)
            for owner in self.owners:
                owner.release()
            self._collect(0.0, now, tally)
            self._judge(0.0, forger.made, tally)
        finally:
            self._clean(forger)

    def _collect(self, hours: float, now: float, tally: Tally) -> None:
        """Collect, and see that exactly what the dry run showed goes."""
        request = GarbageRequest(older_than_hours=hours)
        planned = self.scene.collect(
            self.number, GarbageRequest(older_than_hours=hours, dry_run=True), now
        )
        removed = self.scene.collect(self.number, request, now)
        verdict = "planned" if planned == removed else "another plan"
        _count(tally, verdict, planned == removed, f"round {self.number}: {planned}, {removed}")

    def _judge(self, hours: float, foreign: Sequence[Thing], tally: Tally) -> None:
        for owner in self.owners:
            for thing in owner.made:
                goes, there = owner.must_go(thing, hours), thing.exists(self.scene.client)
                who = "living" if owner.alive else "dead"
                what = f"{who}, {'kept' if there else 'removed'}"
                text = f"round {self.number}: {thing} of a {who} owner must "
                _count(tally, what, goes is not there, text + ("go" if goes else "stay"))
            owner.made = [t for t in owner.made if not owner.must_go(t, hours)]
        for thing in foreign:
            there = thing.exists(self.scene.client)
            what = "foreign, kept" if there else "foreign, removed"
            _count(tally, what, there, f"round {self.number}: {thing} is not ours, and is gone")

    def _clean(self, forger: Forger) -> None:
        for owner in self.owners:
            owner.release()
            for thing in owner.things:
                thing.remove(self.scene.client)
        forger.clean()


def _count(tally: Tally, what: str, held: bool, text: str) -> None:
    tally.attempts += 1
    tally.outcomes[what] += 1
    if not held:
        tally.broken.append(text)


def _quiet(_: str) -> None:
    """Log nothing."""
