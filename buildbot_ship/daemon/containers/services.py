"""Services: containers that run images as they are, on private networks.

The engine starts them all at once.  Each network is internal: no route leads out of it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs
from docker.errors import APIError, NotFound

from ...errors import ServiceNotStarted
from ...model.decision.garbage import CONTAINER, NETWORK
from ...model.log import Log
from ...model.secrets.cut_text import CUT
from ..interface import Job, Service, ServiceState
from ..shared.sdk_errors import reason
from ..shared.signal_guard import uninterrupted
from .container import Container
from .service_container import archives, create

MAX_LOG = 256 * 1024
"""Bytes of a service's log that are returned: its last ones."""
MAX_OUTPUT = 64 * 1024
"""Characters of the output of a command in a service that are returned."""
ATTEMPTS, PAUSE = 30, 0.1
"""How often to try to remove a network, and the seconds between two attempts."""
THREADS = 8
"""Containers that are created or removed at the same time."""


@attrs.define(slots=False)
class Services:
    """Running *services*; a context manager that removes them and their networks.

    *jobs* are jobs for `run`, by network; their containers start with the services.  *note*
    and *forget* add and remove a kind and a name in the ledger.  *new_job_container* returns
    a container, not started, for a job on a network.
    """

    client: Any
    services: tuple[Service, ...]
    jobs: Mapping[str, Job]
    labels: Mapping[str, str]
    note: Callable[[str, str], None]
    forget: Callable[[str, str], None]
    new_job_container: Callable[[Job, str], Container]
    _networks: dict[str, str] = attrs.field(init=False, factory=dict)
    _containers: list[tuple[Service, str]] = attrs.field(init=False, factory=list)
    _jobs: list[Container] = attrs.field(init=False, factory=list)
    _standby: dict[str, Container] = attrs.field(init=False, factory=dict)
    _closed: bool = attrs.field(init=False, default=False)

    def __enter__(self) -> Services:
        """Create the networks and start all services."""
        for network in dict.fromkeys(service.network for service in self.services):
            self._networks[network] = f"ship-smoke-{uuid.uuid4().hex}"
        for service in self.services:
            self._containers.append((service, f"ship-smoke-{uuid.uuid4().hex}"))
        for network, job in self.jobs.items():
            self._standby[network] = self.new_job_container(job, self._networks[network])
        services = (partial(self._start, *each) for each in self._containers)
        starts = [*services, *(container.start for container in self._standby.values())]
        try:
            with uninterrupted():
                _in_parallel(self._create_network, self._networks.values())
                _in_parallel(lambda start: start(), starts)
        except BaseException:
            # A signal that was held back is raised at the end of the inner block.
            with uninterrupted():
                self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the containers, then the networks."""
        with uninterrupted():
            self._remove()

    def _create_network(self, name: str) -> None:
        self.note(NETWORK, name)
        self.client.create_network(
            name,
            driver="bridge",
            internal=True,
            labels=dict(self.labels),
            check_duplicate=True,
            # Without an address of the host, containers cannot reach its services.
            options={"com.docker.network.bridge.inhibit_ipv4": "true"},
        )

    def _start(self, service: Service, name: str) -> None:
        self.note(CONTAINER, name)
        try:
            network = self._networks[service.network]
            create(self.client, service, name, network=network, labels=self.labels)
            for folder, content in archives(service.files):
                self.client.put_archive(name, folder, content)
            self.client.start(name)
        except APIError as error:
            raise ServiceNotStarted(service.name, service.image, reason(error)) from error

    def _name(self, service: Service) -> str:
        return next(name for each, name in self._containers if each is service)

    def state(self, service: Service) -> ServiceState:
        """Return the state of a service."""
        state = self.client.inspect_container(self._name(service))["State"]
        return ServiceState(state["Running"], state["ExitCode"], bool(state.get("OOMKilled")))

    def execute(self, service: Service, command: Sequence[str]) -> tuple[int, str]:
        """Run a command in the container of a service; return exit status and output."""
        made = self.client.exec_create(self._name(service), list(command))
        output = _end_of(self.client.exec_start(made["Id"], stream=True), MAX_OUTPUT)
        status = self.client.exec_inspect(made["Id"])["ExitCode"]
        return int(status), output

    def log(self, service: Service) -> str:
        """Return the end of what a service wrote to standard output and standard error."""
        chunks = self.client.logs(self._name(service), stream=True, follow=False)
        return _end_of(chunks, MAX_LOG)

    def run(self, network: str, job: Job, *, out: Path, log: Log) -> dict[str, Any]:
        """Run *job* in a container on the private *network*.

        It may run in a thread: the end of the services also ends it.
        """
        if self.jobs.get(network) is job and network in self._standby:
            container = self._standby.pop(network)
        else:
            container = self.new_job_container(job, self._networks[network])
        self._jobs.append(container)
        with container:
            if self._closed:
                self._kill(container)
            return container.run(out, log)

    def _kill(self, job: Container) -> None:
        with suppress(APIError):
            self.client.kill(job.name)

    def _remove(self) -> None:
        self._closed = True
        for job in self._jobs:
            self._kill(job)
        _in_parallel(self._remove_container, [name for _, name in self._containers])
        _in_parallel(self._remove_standby, list(self._standby.values()))
        _in_parallel(self._remove_job, self._jobs)
        _in_parallel(self._remove_network, self._networks.values())

    def _remove_container(self, name: str) -> None:
        with suppress(NotFound):
            self.client.remove_container(name, v=True, force=True)
        self.forget(CONTAINER, name)

    def _remove_standby(self, container: Container) -> None:
        """Remove a container whose job never ran."""
        with suppress(APIError):
            container.remove()

    def _remove_job(self, job: Container) -> None:
        # Its thread may be removing it too, but a network with a container cannot be removed.
        # If there is none, the thread has yet to create it, and then removes it.
        try:
            self.client.remove_container(job.name, v=True, force=True)
        except NotFound:
            return
        except APIError:
            pass
        job.on_removed()

    def _remove_network(self, name: str) -> None:
        """Remove a network when its last container is gone; else leave it to the collector."""
        for _ in range(ATTEMPTS):
            try:
                self.client.remove_network(name)
            except NotFound:
                pass
            except APIError:
                time.sleep(PAUSE)
                continue
            self.forget(NETWORK, name)
            return


def _end_of(chunks: Iterable[bytes], most: int) -> str:
    """Return the last *most* bytes of a stream as text, after `CUT` if there are more."""
    data = b""
    for chunk in chunks:
        data = (data + chunk)[-most - 1 :]
    text = data[-most:].decode("utf-8", "replace")
    return text if len(data) <= most else f"{CUT}{text}"


def _in_parallel(action: Callable[[Any], None], items: Iterable[Any]) -> None:
    """Call *action* with each item in threads; raise the first error when all have ended."""
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(action, item) for item in items]
    for future in futures:
        future.result()
