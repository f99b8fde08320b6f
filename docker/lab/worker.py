"""Buildbot workers, in a container with the engine's socket or as a process."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import docker
from lab.archive import tar_of
from lab.errors import tail
from lab.ports import LOOPBACK
from lab.processes import Process, Served
from lab.rest import Rest
from lab.runs import Run
from lab.settings import CA_BUNDLE_IN_WORKER, Settings, host_ca_bundle
from lab.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parent.parent.parent
TAC = CHECKOUT / "docker" / "worker.tac"
SOCKET = "/var/run/docker.sock"
STATE = "/var/lib/buildbot-ship"
OWNER_FILE = "ledger/owner"
CONNECT_SECONDS = 60.0


class Worker(Protocol):
    """A worker that can be stopped and started again."""

    def start(self) -> None:
        """Start it and wait until it is connected to its master."""
        ...

    def stop(self) -> None:
        """Stop it with SIGTERM."""
        ...

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        ...

    def log(self) -> str:
        """Return the last lines of its log."""
        ...


def owner(run: Run, settings: Settings) -> str:
    """Return the owner name in the worker's ledger; a run cleans up killed workers by it."""
    return f"{run.name}-{settings.worker_name}"


def worker_environment(settings: Settings, state: str) -> dict[str, str]:
    """Return the environment variables that `worker.tac` and buildbot-ship read."""
    return {
        "BUILDBOT_SHIP_STATE": state,
        "BUILDMASTER": LOOPBACK,
        "BUILDMASTER_PORT": str(settings.worker_port),
        "WORKERNAME": settings.worker_name,
        "WORKERPASS": settings.worker_password,
    }


def is_connected(settings: Settings) -> bool:
    """Return whether the worker is connected to its master."""
    found = Rest(settings.url).get("workers", name=settings.worker_name)["workers"]
    return bool(found and found[0]["connected_to"])


@dataclass
class ContainerWorker:
    """A worker in a container; the image is built from `worker.docker`."""

    run: Run
    settings: Settings
    image: str

    @property
    def name(self) -> str:
        """Return the container's name."""
        return f"{self.run.name}-{self.settings.worker_name}"

    def create(self) -> None:
        """Create the container, with the CA bundle of the host if there is one."""
        container = docker.from_env().containers.create(
            self.image,
            name=self.name,
            network_mode="host",
            init=True,
            volumes={SOCKET: {"bind": SOCKET, "mode": "rw"}},
            environment=worker_environment(self.settings, STATE),
            labels=self.run.labels,
        )
        files = {f"{STATE}/{OWNER_FILE}": owner(self.run, self.settings).encode()}
        if bundle := host_ca_bundle():
            files[CA_BUNDLE_IN_WORKER] = bundle.read_bytes()
        container.put_archive("/", tar_of(files))

    def start(self) -> None:
        """Start it and wait until it is connected to its master."""
        docker.from_env().containers.get(self.name).start()
        _wait_for_connection(self)

    def stop(self) -> None:
        """Stop it with SIGTERM."""
        docker.from_env().containers.get(self.name).stop(timeout=20)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        docker.from_env().containers.get(self.name).kill()

    def log(self) -> str:
        """Return the last lines of its log."""
        log = docker.from_env().containers.get(self.name).logs(tail=25)
        return log.decode(errors="replace")


@dataclass
class ProcessWorker(Served):
    """A worker that runs as a process, in the current virtual environment.

    With *programs*, it has those of another environment, which are not on its ``PATH``.
    """

    run: Run
    settings: Settings
    programs: Path | None = None

    def start(self) -> None:
        """Start it and wait until it is connected to its master."""
        folder = self.run.folder / self.settings.worker_name
        state = self.run.folder / f"{self.settings.worker_name}.state"
        for each in (folder, (state / OWNER_FILE).parent):
            each.mkdir(parents=True, exist_ok=True)
        (state / OWNER_FILE).write_text(owner(self.run, self.settings), encoding="ascii")
        programs = self.programs or Path(sys.executable).parent
        argv = [str(programs / "twistd"), "--nodaemon", "--no_save", "--pidfile="]
        ours = str(Path(sys.executable).parent)
        path = os.environ.get("PATH", os.defpath)
        if self.programs is None:
            path = f"{programs}:{path}"
        else:
            path = ":".join(folder for folder in path.split(":") if folder != ours)
        self.process = Process.start(
            self.settings.worker_name,
            [*argv, f"--python={TAC}"],
            self.run.folder,
            env=os.environ | {"PATH": path} | worker_environment(self.settings, str(state)),
            cwd=folder,
        )
        _wait_for_connection(self)

    def log(self) -> str:
        """Return the last lines of its log."""
        return tail(self.process.log) if self.process else ""


def _wait_for_connection(worker: ContainerWorker | ProcessWorker) -> None:
    wait_until(
        lambda: is_connected(worker.settings), CONNECT_SECONDS, "the worker", explain=worker.log
    )
    worker.run.say(f"worker: {worker.settings.worker_name} is connected")
