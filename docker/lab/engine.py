"""The Docker Engine of this machine, started if none is running.

An engine that somebody else started is used and never stopped. An engine that we started is
recorded in the cache, so that a later run finds it after an interruption. The last run that
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
# The engine refuses to start if a killed engine left these files.
PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))
START_SECONDS = 60.0
# Ask a name server again after a second, not after five: a lost packet is common.
DNS_OPTIONS = ("timeout:1", "attempts:5")


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def engine_host(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address of the engine, in the format of DOCKER_HOST."""
    return environ.get("DOCKER_HOST") or SOCKET


def engine_answers(host: str | None = None, timeout: float = 5.0) -> bool:
    """Return whether the engine answers a ping."""
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
    """The engine of this machine, whether we started it or not."""

    def __init__(self, cache: Path, say: Say) -> None:
        """Store the arguments; `start` looks for the engine."""
        self._folder = cache / "engine"
        self._say = say

    @property
    def process(self) -> Process | None:
        """Return the daemon that this run or an earlier one started."""
        return Process.recall(self._folder, "dockerd")

    @property
    def ours(self) -> bool:
        """Return whether a run of ours started the engine."""
        return self.process is not None

    @property
    def address(self) -> str:
        """Return its address, in the format of DOCKER_HOST."""
        return engine_host()

    @property
    def log(self) -> Path:
        """Return the path of our daemon's log."""
        return self._folder / "dockerd.log"

    def start(self) -> None:
        """Use the running engine, or start one and wait until it answers."""
        with locked(self._folder / "lock"):
            if engine_answers():
                owner = "started by an earlier run" if self.ours else "not started by us"
                self._say(f"engine: using {engine_host()} ({owner})")
                return
            self._refuse_to_start_in_vain()
            self._say("engine: none is running, starting dockerd")
            process = self.process or self._spawn()
            process.wait_until(engine_answers, START_SECONDS)
            pid = process.identity.pid
            self._say(f"engine: running on {SOCKET}, pid {pid}, log {self.log}")

    def stop(self, in_use: Callable[[], bool] = lambda: False) -> None:
        """Stop the daemon if we started it and no other run uses it."""
        with locked(self._folder / "lock"):
            if (process := self.process) and not in_use():
                process.stop(timeout=30.0)
                self._say(f"engine: stopped, pid {process.identity.pid}")

    def _refuse_to_start_in_vain(self) -> None:
        if engine_host() != SOCKET:
            raise LabError(f"no Docker Engine answers on {engine_host()} (DOCKER_HOST)")
        if os.geteuid() != 0:
            raise LabError("no Docker Engine is running: start one, or run this as root")
        if not shutil.which("dockerd"):
            raise LabError("no Docker Engine is running: install docker.io")

    def _spawn(self) -> Process:
        for path in PID_FILES:
            _drop_if_stale(path)
        options = [word for each in DNS_OPTIONS for word in ("--dns-opt", each)]
        return Process.start("dockerd", ["dockerd", "--host", SOCKET, *options], self._folder)


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
