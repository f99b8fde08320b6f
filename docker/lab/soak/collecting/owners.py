"""Owners: processes that note and make what builds make, and live on or are killed.

A process is forked, because importing the SDK takes longer than a round.
"""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from buildbot_ship.daemon.shared.ownership import BUILD, OWNER
from buildbot_ship.model.decision.garbage import CONTAINER, IMAGE, NETWORK
from buildbot_ship.store.boot_clock import read_boot_clock
from buildbot_ship.store.ledger import Ledger
from lab.errors import LabError
from lab.soak.collecting.things import Thing, connect

HERE, ELSEWHERE = "here", "elsewhere"
"""The work folder of the collector, and another one."""
LEASE_SECONDS = 24 * 3600.0
KINDS = (CONTAINER, CONTAINER, IMAGE, IMAGE, NETWORK)


@dataclass
class Owner:
    """A process with the things that it *made*, in this order; it is *alive* or was killed.

    What it has *noted* without making it is the last of its *things*.  Its things are *old* by
    the clock of the ledger, or new.
    """

    ledger: Path
    build: str
    work: str
    old: bool
    alive: bool
    things: list[Thing]
    steps: int
    made: list[Thing] = field(default_factory=list)
    pid: int = 0
    _release: int = -1

    @classmethod
    def choose(cls, dice: random.Random, ledger: Path, build: str) -> Owner:
        """Return an owner, not started, with at most three things."""
        things = [Thing.new(dice.choice(KINDS)) for _ in range(dice.randint(1, 3))]
        alive = dice.random() < 0.4
        # It is killed after a number of steps: two for each thing, to note it and to make it.
        steps = 2 * len(things) if alive else dice.randint(1, 2 * len(things))
        work = dice.choice((HERE, ELSEWHERE))
        return cls(ledger, build, work, dice.random() < 0.5, alive, things, steps)

    def start(self, image: str, image_id: str) -> None:
        """Fork the process; return when it has done its steps, or is dead."""
        told, tell = os.pipe()
        wait, self._release = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._live(tell, wait, image, image_id)
        os.close(tell)
        os.close(wait)
        with os.fdopen(told, "rb") as reports:
            done = len(reports.read(self.steps))
        if done < self.steps:
            raise LabError(f"an owner did {done} of {self.steps} steps; its error is above")
        self.made = self.things[: self.steps // 2]
        if not self.alive:
            self._reap()

    def release(self) -> None:
        """Let a living process end as at the end of a build, without removing anything."""
        if self.alive:
            os.write(self._release, b"x")
            self._reap()
            self.alive = False

    def _reap(self) -> None:
        os.close(self._release)
        os.waitpid(self.pid, 0)

    def _live(self, tell: int, wait: int, image: str, image_id: str) -> None:
        """Do all steps, in the child; then wait, or die."""
        try:
            self._work(tell, wait, image, image_id)
        except BaseException:
            traceback.print_exc()
        os._exit(1)

    def _work(self, tell: int, wait: int, image: str, image_id: str) -> None:
        client = connect()
        ledger = Ledger(self.ledger, self.work, self.build, self._clock)
        labels = {OWNER: ledger.owner, BUILD: self.build}
        for step in range(self.steps):
            thing = self.things[step // 2]
            if step % 2 == 0:
                ids = (image_id,) if thing.kind == IMAGE else ()
                ledger.note(thing.kind, thing.name, time.time(), ids)
            else:
                thing.make(client, labels, image)
            os.write(tell, b".")
        if self.alive:
            os.read(wait, 1)
            ledger.close()
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)

    def _clock(self) -> tuple[str, float]:
        boot, uptime = read_boot_clock()
        return boot, uptime - (LEASE_SECONDS + 60 if self.old else 0)

    def must_go(self, thing: Thing, hours: float) -> bool:
        """Return whether a collection in HERE, with a limit in *hours*, must remove a thing."""
        if self.alive:
            return False
        return thing.kind != IMAGE or self.work == HERE or self.old or hours == 0
