"""Child processes that the next run can find after an interrupted run.

Each process has a separate session, a log, and a record on disk. The record contains its pid
and its start time, so that a reused pid is never mistaken for our process.
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
    """A process, distinct from later ones with the same pid."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the identity of a running process; zombies do not count."""
        if child := _children.get(pid):
            child.poll()
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def alive(self) -> bool:
        """Return whether exactly this process is still running."""
        return Identity.of(self.pid) == self


@dataclass(frozen=True)
class Process:
    """One of our processes, with its log and its record."""

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
        """Start a program in a separate session and record it in `folder`."""
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
        """Return the recorded process if it is running; otherwise delete its record."""
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
        """Return the path of its log."""
        return self.folder / f"{self.name}.log"

    def alive(self) -> bool:
        """Return whether it is still running."""
        return self.identity.alive()

    def stop(self, timeout: float = 20.0) -> None:
        """Stop it with SIGTERM, and after `timeout` seconds with SIGKILL."""
        self._signal(signal.SIGTERM)
        if not self._gone_within(timeout):
            self.kill()
        self._forget()

    def kill(self) -> None:
        """Kill it and all processes of its session with SIGKILL."""
        if self.alive():
            os.killpg(self.identity.pid, signal.SIGKILL)
        self._gone_within(10.0)
        self._forget()

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Wait until it is ready; if it ends or takes too long, fail and quote its log."""
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
    """A service that runs as one process; its files stay when it ends."""

    process: Process | None = field(default=None, init=False)

    def stop(self) -> None:
        """Stop it with SIGTERM."""
        if self.process:
            self.process.stop()

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self.process:
            self.process.kill()


def with_parent(argv: Sequence[str]) -> list[str]:
    """Return a command that the kernel kills when its parent process ends."""
    return ["setpriv", "--pdeathsig=KILL", *argv] if shutil.which("setpriv") else list(argv)


def recorded(folder: Path) -> list[Process]:
    """Return the running processes that are recorded in a folder, newest first."""
    names = [path.name.removesuffix(".pid.json") for path in folder.glob("*.pid.json")]
    found = [process for name in names if (process := Process.recall(folder, name))]
    return sorted(found, key=lambda process: process.identity.started, reverse=True)
