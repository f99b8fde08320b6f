"""The Docker Engine: the one that answers, or one that we start and later stop.

An engine that somebody else started is used and never stopped. One that we started is
recorded in the cache, so a later run finds it after an interruption; the last run that
ends stops it.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lab.cache import locked
from lab.errors import LabError
from lab.processes import Identity, Process
from lab.progress import Say

SOCKET = "unix:///var/run/docker.sock"
# A daemon killed with -9 leaves these behind, and the next one refuses to start.
PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))
START_SECONDS = 60.0


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def engine_host(environ: Mapping[str, str] = os.environ) -> str:
    """Return where the engine is or will be, as DOCKER_HOST has it."""
    return environ.get("DOCKER_HOST") or SOCKET


def engine_answers(host: str | None = None, timeout: float = 5.0) -> bool:
    """Ask the engine for a sign of life."""
    url = urlsplit(host or engine_host())
    connection: http.client.HTTPConnection
    if url.scheme == "unix":
        connection = _SocketConnection(url.path, timeout)
    else:
        connection = http.client.HTTPConnection(url.hostname or "", url.port or 2375, timeout)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Engine:
    """The engine of this machine, whoever started it."""

    def __init__(self, cache: Path, say: Say) -> None:
        """Look for nothing yet; `start` does."""
        self._folder = cache / "engine"
        self._say = say

    @property
    def process(self) -> Process | None:
        """Return the daemon that we, or an earlier run of ours, started."""
        return Process.recall(self._folder, "dockerd")

    @property
    def ours(self) -> bool:
        """Say whether stopping it is our business."""
        return self.process is not None

    @property
    def log(self) -> Path:
        """Return where a daemon of ours logs to."""
        return self._folder / "dockerd.log"

    def start(self) -> None:
        """Use the engine that answers, or start one and wait for its answer."""
        with locked(self._folder / "lock"):
            if engine_answers():
                owner = "started by a run of ours" if self.ours else "not ours, left alone"
                self._say(f"engine: {engine_host()} answers ({owner})")
                return
            self._refuse_to_start_in_vain()
            self._say("engine: none answers, starting dockerd")
            process = self.process or self._spawn()
            process.wait_until(engine_answers, START_SECONDS)
            self._say(f"engine: up on {SOCKET}, pid {process.identity.pid}, log {self.log}")

    def stop(self, in_use: Callable[[], bool] = lambda: False) -> None:
        """Stop the daemon when it is ours and nobody else uses it."""
        with locked(self._folder / "lock"):
            if (process := self.process) and not in_use():
                process.stop(timeout=30.0)
                self._say(f"engine: stopped, pid {process.identity.pid}")

    def kill(self) -> None:
        """Kill a daemon of ours with -9, for tests of what follows."""
        if not (process := self.process):
            raise LabError("the engine was started by someone else; refusing to kill it")
        process.kill()

    def _refuse_to_start_in_vain(self) -> None:
        if engine_host() != SOCKET:
            raise LabError(f"DOCKER_HOST names {engine_host()}, and no engine answers there")
        if os.geteuid() != 0:
            raise LabError("no Docker Engine answers, and only root can start one")
        if not shutil.which("dockerd"):
            raise LabError("no Docker Engine answers, and dockerd is not installed")

    def _spawn(self) -> Process:
        for path in PID_FILES:
            _drop_if_stale(path)
        return Process.start("dockerd", ["dockerd", "--host", SOCKET], self._folder)


def _drop_if_stale(pid_file: Path) -> None:
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    if Identity.of(pid) is None or not _runs(pid, ("dockerd", "containerd")):
        pid_file.unlink(missing_ok=True)


def _runs(pid: int, programs: tuple[str, ...]) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return name in programs
