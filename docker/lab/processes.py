"""Child processes that outlive an interrupted run and can be found again by the next one.

Each has a session of its own, a log, and a record on disk: its pid and the kernel's start
time of that pid, so that a pid used again by another program is never taken for ours.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import tail
from lab.waiting import POLL_SECONDS, wait_until

_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Identity:
    """A process, told apart from later ones with the same pid."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Identify a live process; a zombie is not one."""
        if child := _children.get(pid):
            child.poll()
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        return Identity.of(self.pid) == self


@dataclass(frozen=True)
class Process:
    """A process of ours, with its log and the record by which it is found again."""

    name: str
    identity: Identity
    folder: Path

    @classmethod
    def start(
        cls,
        name: str,
        argv: Sequence[str],
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Process:
        """Start a program in a session of its own and record it in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        _children[child.pid] = child
        process = cls(name, Identity.of(child.pid) or Identity(child.pid, 0), folder)
        process._record()
        return process

    @classmethod
    def recall(cls, folder: Path, name: str) -> Process | None:
        """Return the recorded process when it still runs, else forget its record."""
        record = folder / f"{name}.pid.json"
        try:
            pid, started = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        process = cls(name, Identity(pid, started), folder)
        if process.alive():
            return process
        record.unlink(missing_ok=True)
        return None

    @property
    def log(self) -> Path:
        """Return where its output goes."""
        return self.folder / f"{self.name}.log"

    def alive(self) -> bool:
        """Say whether it still runs."""
        return self.identity.alive()

    def stop(self, timeout: float = 20.0) -> None:
        """End it politely, and after `timeout` seconds not so."""
        self._signal(signal.SIGTERM)
        if not self._gone_within(timeout):
            self.kill()
        self._forget()

    def kill(self) -> None:
        """End it at once, with what it started in its own session."""
        if self.alive():
            os.killpg(self.identity.pid, signal.SIGKILL)
        self._gone_within(10.0)
        self._forget()

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Wait for an answer; fail with the log's end when it dies or takes too long."""
        wait_until(ready, timeout, self.name, alive=self.alive, explain=lambda: tail(self.log))

    def _signal(self, number: signal.Signals) -> None:
        if self.alive():
            os.kill(self.identity.pid, number)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _record(self) -> None:
        record = self.folder / f"{self.name}.pid.json"
        scratch = record.with_suffix(".new")
        scratch.write_text(json.dumps([self.identity.pid, self.identity.started]))
        scratch.replace(record)

    def _forget(self) -> None:
        (self.folder / f"{self.name}.pid.json").unlink(missing_ok=True)


@dataclass
class Served:
    """What is one process from its start on; what it keeps on disk stays when that ends."""

    process: Process | None = field(default=None, init=False)

    def stop(self) -> None:
        """End it politely."""
        if self.process:
            self.process.stop()

    def kill(self) -> None:
        """End it with -9."""
        if self.process:
            self.process.kill()


def with_parent(argv: Sequence[str]) -> list[str]:
    """Return a command that the kernel kills when its parent dies, however that happens."""
    return ["setpriv", "--pdeathsig=KILL", *argv] if shutil.which("setpriv") else list(argv)


def recorded(folder: Path) -> list[Process]:
    """Return the processes recorded in a folder that still run, newest first."""
    names = [path.name.removesuffix(".pid.json") for path in folder.glob("*.pid.json")]
    found = [process for name in names if (process := Process.recall(folder, name))]
    return sorted(found, key=lambda process: process.identity.started, reverse=True)
