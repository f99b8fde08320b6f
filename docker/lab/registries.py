"""Image registries on loopback, which every Docker Engine trusts without TLS.

A registry is the program of Debian's package `docker-registry`. If that is not installed, it is
the image `registry:2` on the host's network. Both can be stopped, killed and started again, on
the same port with the same content.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lab.ports import LOOPBACK, free_port
from lab.processes import Process, Served
from lab.registry_container import START_SECONDS, ContainerRegistry, registry_answers
from lab.runs import Run

PROGRAM = "docker-registry"


class Registry(Protocol):
    """A registry that can be stopped and started again."""

    port: int

    @property
    def address(self) -> str:
        """Return host and port, the first part of its references."""
        ...

    def start(self) -> None:
        """Start it and wait until it answers."""
        ...

    def stop(self) -> None:
        """Stop it with SIGTERM; its content stays."""
        ...

    def kill(self) -> None:
        """Kill it with SIGKILL; its content stays."""
        ...


def serve(run: Run, name: str, preferred: int = 0) -> Registry:
    """Start a registry of this run, on the preferred port if it is free."""
    port = free_port(preferred)
    registry: Registry
    if shutil.which(PROGRAM):
        registry = LocalRegistry(run, name, port)
    else:
        registry = ContainerRegistry(run, name, port)
    run.note_registry(port)
    registry.start()
    run.say(f"registry: {name} running on {registry.address}")
    return registry


def configuration(port: int, storage: Path) -> dict[str, Any]:
    """Return the configuration of a registry; it is written as JSON, which is valid YAML."""
    return {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "delete": {"enabled": True},
            "cache": {"blobdescriptor": "inmemory"},
        },
        # With a fixed secret, an upload can continue after a restart.
        "http": {"addr": f"{LOOPBACK}:{port}", "secret": "buildbot-ship-lab"},
    }


@dataclass
class LocalRegistry(Served):
    """A registry that runs as a process on this machine."""

    run: Run
    name: str
    port: int

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def storage(self) -> Path:
        """Return the folder that holds its blobs and manifests."""
        return self.run.folder / f"registry-{self.name}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.storage.mkdir(exist_ok=True)
        config = self.run.folder / f"registry-{self.name}.yml"
        config.write_text(json.dumps(configuration(self.port, self.storage)))
        argv = [PROGRAM, "serve", str(config)]
        self.process = Process.start(f"registry-{self.name}", argv, self.run.folder)
        self.process.wait_until(lambda: registry_answers(self.address), START_SECONDS)
