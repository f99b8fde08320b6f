"""A run of the demo or of the tests, and the removal of interrupted runs.

Each run has a folder in the cache with the identity of its owner process. If that process has
ended, the run was interrupted. The next run removes its processes, containers and networks
before it starts. If the engine is down, its containers come back with the engine, so the folder
stays until an engine answers.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.cache import cache_folder, locked
from lab.engine import Engine, engine_answers
from lab.ports import LOOPBACK, listens
from lab.processes import Identity, recorded
from lab.progress import Say

LABEL = "org.buildbot-ship.lab"
OWNER, ENGINE, REGISTRIES = "owner.json", "engine", "registries"
# Files that stay in the folder of a run until an engine answers.
OWED = frozenset({OWNER, ENGINE, REGISTRIES})


@dataclass
class Run:
    """Everything that one demo or test session started on this machine."""

    folder: Path
    say: Say
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        """Share the engine of the cache."""
        self.engine = Engine(self.cache, self.say)

    @classmethod
    def begin(cls, kind: str, say: Say, cache: Path | None = None) -> Run:
        """Create the folder of a run that this process owns."""
        runs = (cache or cache_folder()) / "runs"
        owner = Identity.of(os.getpid()) or Identity(os.getpid(), 0)
        folder = runs / f"{kind}-{owner.pid}-{time.time_ns()}"
        scratch = folder.with_name(f".{folder.name}")
        scratch.mkdir(parents=True)
        (scratch / OWNER).write_text(json.dumps([owner.pid, owner.started]))
        scratch.replace(folder)
        return cls(folder, say)

    @property
    def cache(self) -> Path:
        """Return the cache folder that contains the run."""
        return self.folder.parent.parent

    @property
    def name(self) -> str:
        """Return the name of the run, which is also a label of its containers."""
        return self.folder.name

    @property
    def labels(self) -> dict[str, str]:
        """Return the label of this run's containers, networks and volumes."""
        return {LABEL: self.name}

    @property
    def kept(self) -> bool:
        """Return whether its owner left it running on purpose."""
        return (self.folder / "kept").exists()

    @property
    def alive(self) -> bool:
        """Return whether it is still in use."""
        return self.kept or self._owner_lives()

    def keep(self) -> None:
        """Keep everything running after the owner ends."""
        (self.folder / "kept").touch()

    def start_engine(self) -> None:
        """Start the engine if necessary, and remove what interrupted runs left in it."""
        (self.folder / ENGINE).touch()
        self.engine.start()
        sweep(self.say, self.cache)

    def note_registry(self, port: int) -> None:
        """Record a loopback registry, whose images are removed after the run."""
        with (self.folder / REGISTRIES).open("a", encoding="utf-8") as noted:
            noted.write(f"{port}\n")

    def end(self) -> None:
        """Stop and remove what the run started, and the engine if no other run uses it."""
        for process in recorded(self.folder):
            process.stop()
        if engine_answers():
            self._clean_engine()
        elif (self.folder / ENGINE).exists():
            self._wait_for_engine()
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.engine.stop(lambda: any(run.alive for run in all_runs(self.say, self.cache)))

    def _wait_for_engine(self) -> None:
        self.say(f"engine: none is running; the next one will be cleaned up after {self.name}")
        for left in self.folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif left.name not in OWED:
                left.unlink()

    def _clean_engine(self) -> None:
        # Import late: the SDK takes 0.4 s, and the unit tests do not need it.
        from lab import leftovers  # noqa: PLC0415

        leftovers.remove_labelled(LABEL, self.name)
        leftovers.remove_owned(self.name)
        leftovers.remove_marked(self.name)
        noted = self.folder / REGISTRIES
        ports = noted.read_text(encoding="utf-8").split() if noted.exists() else []
        for port in map(int, ports):
            # Another registry may be using the port of an interrupted run now.
            if not listens(port):
                leftovers.forget_images(f"{LOOPBACK}:{port}")

    def _owner_lives(self) -> bool:
        try:
            pid, started = json.loads((self.folder / OWNER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return Identity(pid, started).alive()


def all_runs(say: Say, cache: Path | None = None) -> list[Run]:
    """Return all runs in the cache, in use or not, oldest first."""
    folders = ((cache or cache_folder()) / "runs").glob("[!.]*")
    return [Run(folder, say) for folder in sorted(folders, key=lambda f: f.stat().st_mtime)]


def sweep(say: Say, cache: Path | None = None) -> None:
    """Remove what interrupted runs left behind."""
    # Two sessions of the tests start at the same time.
    with locked((cache or cache_folder()) / "sweep.lock"):
        for run in all_runs(say, cache):
            if not run.alive:
                say(f"cleaning up after an interrupted run: {run.name}")
                run.end()


@contextmanager
def running(kind: str, say: Say) -> Iterator[Run]:
    """Clean up after interrupted runs; then yield a new run, which always ends."""
    run = Run.begin(kind, say)
    try:
        sweep(say)
        yield run
    finally:
        if not run.kept:
            run.end()
