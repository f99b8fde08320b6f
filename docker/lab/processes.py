"""Child processes that the next run can find after an interrupted run.

Each process has a separate session, a log, and a record on disk. The record contains its pid
and its start time, so that a reused pid is never mistaken for our process.

The process writes its record itself, before it becomes the program. So it is recorded, whenever
its starter is killed: see `_RECORD_AND_RUN`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import tail
from lab.waiting import POLL_SECONDS, wait_until

_children: dict[int, subprocess.Popen[bytes]] = {}

# Usage: sh -c SCRIPT NAME STARTER RECORD PROGRAM ARGUMENT...
# Fields 1, 4 and 22 of /proc/PID/stat are the pid, the parent and the start time. The record is
# written first. If the starter has died by then, the next run may have looked for records
# already, so the program does not start. If it dies later, the next run finds the record.
_RECORD_AND_RUN = """
set -e
starter=$1 record=$2
shift 2
fields() {
    read -r pid _ _ parent _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ started _ <"/proc/$$/stat"
}
fields
echo "[$pid, $started]" >"$record.$pid"
mv "$record.$pid" "$record"
fields
[ "$parent" = "$starter" ] || exit 1
exec "$@" </dev/null
"""


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


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Handle SIGTERM and SIGINT after the block; only the main thread handles signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in held:
        signal.signal(number, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
        for first in received[:1]:
            signal.raise_signal(first)


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
        """Start a program in a separate session and record it in `folder`.

        A signal that comes before the record is written is handled after it, so that who
        cleans up finds the process.
        """
        with _signals_held_back():
            return cls._start(name, argv, folder, env, cwd)

    @classmethod
    def _start(
        cls,
        name: str,
        argv: Sequence[str],
        folder: Path,
        env: Mapping[str, str] | None,
        cwd: Path | None,
    ) -> Process:
        folder.mkdir(parents=True, exist_ok=True)
        record = _record(folder, name).absolute()
        record.unlink(missing_ok=True)
        script = ["/bin/sh", "-c", _RECORD_AND_RUN, name, str(os.getpid()), str(record)]
        started, starting = os.pipe()
        try:
            with (folder / f"{name}.log").open("ab") as log:
                child = subprocess.Popen(
                    [*script, *argv],
                    # Its end closes when the script becomes the program, or ends.
                    stdin=starting,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if env is None else dict(env),
                    cwd=cwd,
                    start_new_session=True,
                )
            os.close(starting)
            _children[child.pid] = child
            os.read(started, 1)
        finally:
            os.close(started)
        return cls(name, _read(record) or Identity(child.pid, 0), folder)

    @classmethod
    def recall(cls, folder: Path, name: str) -> Process | None:
        """Return the recorded process if it is running; otherwise delete its record."""
        record = _record(folder, name)
        identity = _read(record)
        if identity is None:
            return None
        if identity.alive():
            return cls(name, identity, folder)
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
        """Stop it with SIGTERM, and after `timeout` seconds with SIGKILL.

        Processes of its session that outlive it are killed, such as the child of `git daemon`.
        """
        if self.alive():
            self._signal(signal.SIGTERM)
            if not self._gone_within(timeout):
                self.kill()
            # A session that still has a process keeps its number.
            with suppress(ProcessLookupError):
                os.killpg(self.identity.pid, signal.SIGKILL)
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

    def _forget(self) -> None:
        _record(self.folder, self.name).unlink(missing_ok=True)


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


def _record(folder: Path, name: str) -> Path:
    return folder / f"{name}.pid.json"


def _read(record: Path) -> Identity | None:
    try:
        pid, started = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Identity(pid, started)


def with_parent(argv: Sequence[str]) -> list[str]:
    """Return a command that the kernel kills when its parent process ends."""
    return ["setpriv", "--pdeathsig=KILL", *argv] if shutil.which("setpriv") else list(argv)


def recorded(folder: Path) -> list[Process]:
    """Return the running processes that are recorded in a folder, newest first."""
    names = [path.name.removesuffix(".pid.json") for path in folder.glob("*.pid.json")]
    found = [process for name in names if (process := Process.recall(folder, name))]
    return sorted(found, key=lambda process: process.identity.started, reverse=True)
