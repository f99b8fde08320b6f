"""The flows of this project: the verbs in one process, and a whole Buildbot build."""

from __future__ import annotations

import os
import secrets
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lab.bench.children import child
from lab.bench.memory import PeakMemory
from lab.bench.world import IMAGE, TEAM, World
from lab.buildmaster import EXAMPLE, Master
from lab.errors import LabError, tail
from lab.rest import result_name
from lab.settings import SHIP, Settings, host_ca_bundle, host_index_url
from lab.worker import OWNER_FILE, ProcessWorker

PEX = "fc-twist.pex=twisted,calculator[page]"
ARTEFACTS = ("--package", ".", "--module", "twisted", "--pex", PEX)
# The poller does not look at it: what builds is what was forced.
WATCHED_BY_NOBODY = "bench"
BUILD_SECONDS = 600.0


@dataclass(frozen=True)
class Used:
    """What a process took: seconds, and the most bytes of memory that it held at a time."""

    seconds: float
    peak: int


@dataclass(frozen=True)
class CommandLine:
    """Calls of `buildbot-ship` in one repository, as one owner in the engine."""

    folder: Path
    home: Path
    owner: str

    def run(self, *arguments: str) -> float:
        """Run a verb; return the seconds.  Raises LabError."""
        return self.measure(*arguments).seconds

    def measure(self, *arguments: str) -> Used:
        """Run a verb; return what it took.  Raises LabError."""
        argv = [sys.executable, "-I", "-m", "buildbot_ship", *arguments]
        places = self._places()
        begun = time.perf_counter()
        with child(argv, self.folder, self._log, os.environ | places) as process:
            watch = PeakMemory(process.pid)
            watch.start()
            status = process.wait()
        seconds = time.perf_counter() - begun
        watch.join()
        if status != 0:
            raise LabError(f"buildbot-ship {arguments[0]} failed:\n{tail(self._log)}")
        return Used(seconds, watch.peak)

    @property
    def state(self) -> Path:
        """Return the folder of what a worker keeps from build to build."""
        return self.home / "state"

    @property
    def _log(self) -> Path:
        return self.home / "log"

    def _places(self) -> dict[str, str]:
        """Return where the product keeps what outlives a process: nowhere else."""
        owner = self.state / OWNER_FILE
        if not owner.exists():
            owner.parent.mkdir(parents=True)
            owner.write_text(self.owner, encoding="ascii")
        return {
            "BUILDBOT_SHIP_STATE": str(self.state),
            "XDG_STATE_HOME": str(self.state),
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }


@dataclass
class VerbsFlow:
    """One `buildbot-ship build`: from wheels to push."""

    world: World

    @property
    def command_line(self) -> CommandLine:
        """Return calls in the repository of its world."""
        home = self.world.run.folder / f"{self.world.name}.home"
        return CommandLine(self.world.developer.tree, home, self.world.owner)

    def start(self) -> None:
        """Need nothing that runs before."""

    def ship(self) -> float:
        """Ship the newest commit; return the seconds."""
        to = ["--to", f"{self.world.counter.address}/{TEAM}"]
        return self.command_line.run("build", *ARTEFACTS, "--image", IMAGE, *to, *network())

    def close(self) -> None:
        """Leave nothing but images, which the world takes away."""


@dataclass
class BuildFlow:
    """A build of `master.cfg.example` on a master and a worker, forced, to its end.

    It publishes without a smoke test.
    """

    world: World
    smoke: ClassVar[bool] = False
    master: Master = field(init=False)
    worker: ProcessWorker = field(init=False)

    def __post_init__(self) -> None:
        """Choose ports and names; start nothing."""
        bundle = host_ca_bundle()
        settings = Settings.on_free_ports(
            git_url=self.world.git_url,
            registry=f"{self.world.counter.address}/{TEAM}",
            upstream=f"{self.world.counter.address}/library",
            worker_password=secrets.token_hex(16),
            worker_name=f"{self.world.name}-worker",
            poll_seconds=600,
            ca_bundle=str(bundle) if bundle else None,
            index_url=host_index_url(),
            smoke=self.smoke,
        )
        name = f"{self.world.name}-master"
        self.master = Master(self.world.run, settings, name=name, config=self.config())
        self.worker = ProcessWorker(self.world.run, settings)

    def config(self) -> Path:
        """Return the configuration of the master."""
        return EXAMPLE

    def start(self) -> None:
        """Start master and worker."""
        self.master.create()
        self.master.start()
        self.worker.start()

    def ship(self) -> float:
        """Force a build of the newest commit; return the seconds until it is finished."""
        self.world.developer.push(WATCHED_BY_NOBODY)
        rest = self.master.rest
        begun = time.perf_counter()
        build = rest.force(SHIP, branch=WATCHED_BY_NOBODY, images=IMAGE)
        ended = int(rest.ended(build, BUILD_SECONDS)["results"])
        seconds = time.perf_counter() - begun
        if ended != 0:
            logs = "\n".join(rest.failing_logs(build))
            raise LabError(f"build {build} of {SHIP} is {result_name(ended)}:\n{logs}")
        return seconds

    def close(self) -> None:
        """Stop master and worker."""
        self.master.stop()
        self.worker.stop()


def network() -> list[str]:
    """Return the options that say how containers reach the index."""
    bundle, url = host_ca_bundle(), host_index_url()
    options = ["--ca-bundle", str(bundle)] if bundle else []
    return [*options, "--index-url", url] if url else options
