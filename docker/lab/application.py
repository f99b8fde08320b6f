"""Run the two shipped images on one network, where they find each other by DNS name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from docker.types import EndpointConfig

import docker
from lab.errors import LabError
from lab.ports import LOOPBACK
from lab.runs import Run
from lab.waiting import wait_until

SERVICE, PAGE = "remotemath", "fancycalculator"
PORT = 8080
ANSWER = "Result:12"
ANSWER_SECONDS = 90.0
KEY_IN_CONTAINER = "/run/secrets/ship-key"


@dataclass
class Application:
    """The service and the page that queries it."""

    run: Run
    page_url: str = ""
    service_url: str = ""

    def start(self, references: dict[str, str], key: Path) -> None:
        """Pull both images by digest and run them under their DNS names.

        *key* is the private key that opens their secrets; it is mounted in both containers.
        """
        docker.from_env().networks.create(self.run.name, labels=self.run.labels)
        options = {
            "volumes": [f"{key}:{KEY_IN_CONTAINER}:ro"],
            "ports": {f"{PORT}/tcp": (LOOPBACK, None)},
        }
        service = self._serve(SERVICE, references, [f"--port=tcp:{PORT}"], **options)
        page = self._serve(
            PAGE,
            references,
            [f"--listen=tcp:{PORT}"],
            environment={"REMOTE_MATH": f"http://{SERVICE}:{PORT}"},
            **options,
        )
        self.service_url, self.page_url = _url(service), _url(page)

    def ask(self) -> str:
        """Request the page until it shows the answer; return its text."""
        seen = [""]

        def answered() -> bool:
            try:
                seen[0] = requests.get(self.page_url, timeout=60).text
            except requests.RequestException as error:
                seen[0] = str(error)
            return ANSWER in seen[0]

        wait_until(
            answered, ANSWER_SECONDS, PAGE, explain=lambda: f"{seen[0][-500:]}\n{self._logs()}"
        )
        return seen[0]

    def check_guard(self) -> None:
        """Check that the service refuses a request without the token.  Raises LabError."""
        reply = requests.post(f"{self.service_url}multiply", json=[3, 4], timeout=60)
        if reply.status_code != HTTPStatus.UNAUTHORIZED:
            raise LabError(
                f"{SERVICE} answers {reply.status_code} to a request without the token, not "
                f"{HTTPStatus.UNAUTHORIZED:d}:\n{reply.text[-500:]}"
            )

    def _serve(
        self, name: str, references: dict[str, str], arguments: Sequence[str], **more: Any
    ) -> Any:
        client = docker.from_env()
        client.images.pull(references[name])
        endpoint = EndpointConfig(client.api.api_version, aliases=[name])
        container = client.containers.run(
            references[name],
            list(arguments),
            detach=True,
            name=f"{self.run.name}-{name}",
            network=self.run.name,
            networking_config={self.run.name: endpoint},
            labels=self.run.labels,
            # The key belongs to us, and only its owner can read it.
            user=f"{os.getuid()}:{os.getgid()}",
            **more,
        )
        container.reload()
        return container

    def _logs(self) -> str:
        containers = docker.from_env().containers
        return "\n".join(
            f"--- {name}:\n{containers.get(f'{self.run.name}-{name}').logs(tail=15).decode()}"
            for name in (SERVICE, PAGE)
        )


def _url(container: Any) -> str:
    """Return the URL on this machine of the port that a container publishes."""
    port = container.attrs["NetworkSettings"]["Ports"][f"{PORT}/tcp"][0]["HostPort"]
    return f"http://{LOOPBACK}:{port}/"
