"""A registry in a container, for machines without the package docker-registry."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import docker.errors
import requests

import docker
from lab.errors import LabError
from lab.ports import LOOPBACK
from lab.runs import Run
from lab.waiting import wait_until

IMAGE = "registry:2"
START_SECONDS = 30.0


def registry_answers(address: str) -> bool:
    """Return whether a registry answers."""
    try:
        reply = requests.get(f"http://{address}/v2/", timeout=5)
    except requests.RequestException:
        return False
    return reply.status_code == HTTPStatus.OK


@dataclass
class ContainerRegistry:
    """A registry on the host's network; stopping it keeps its content."""

    run: Run
    name: str
    port: int
    image: str = IMAGE

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def container(self) -> str:
        """Return the name of its container."""
        return f"{self.run.name}-registry-{self.name}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        containers = docker.from_env().containers
        try:
            containers.get(self.container).start()
        except docker.errors.NotFound:
            self._create()
        wait_until(
            lambda: registry_answers(self.address), START_SECONDS, self.name, explain=self._log
        )

    def stop(self) -> None:
        """Stop it with SIGTERM; its content stays."""
        docker.from_env().containers.get(self.container).stop()

    def kill(self) -> None:
        """Kill it with SIGKILL; its content stays."""
        docker.from_env().containers.get(self.container).kill()

    def _create(self) -> None:
        environment = {
            "REGISTRY_HTTP_ADDR": self.address,
            "REGISTRY_HTTP_SECRET": "buildbot-ship-lab",
            "REGISTRY_STORAGE_DELETE_ENABLED": "true",
        }
        try:
            docker.from_env().containers.run(
                self.image,
                detach=True,
                name=self.container,
                network_mode="host",
                environment=environment,
                labels=self.run.labels,
            )
        except docker.errors.DockerException as error:
            raise LabError(
                f"no docker-registry, and cannot start {self.image}: {error}"
            ) from error

    def _log(self) -> str:
        log = docker.from_env().containers.get(self.container).logs(tail=25)
        return log.decode(errors="replace")
