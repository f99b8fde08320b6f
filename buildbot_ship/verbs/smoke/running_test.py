"""One test of a smoke test: its services, its checks, its logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from functools import cached_property, partial
from pathlib import Path

import attrs

from ...daemon.interface import Job, RunningServices, Service
from ...errors import InvalidRequest, SmokeTestFailed
from ...model.log import Log
from ...model.request import SmokeCheck, SmokeContainer, SystemTest
from ...model.request.settings import Limits
from ...model.secrets.cut_text import shorten_start
from .checks import (
    PROBE_MARGIN,
    BackgroundCheck,
    ExitCheck,
    PendingCheck,
    answer,
    health_command,
    host_of,
    repeat_command,
)
from .images import LoadedImage

TAIL_LINES, TAIL_CHARACTERS = 3, 400
"""The last lines of a log in a message."""


@attrs.define(slots=False)
class RunningTest:
    """A test; *images* are the loaded ones by name.

    `begin` starts its checks when its services run.
    """

    number: int
    test: SystemTest
    images: dict[str, LoadedImage]
    limits: Limits
    started: float = attrs.field(init=False, default=0.0)
    pending: list[PendingCheck] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        """Raise InvalidRequest for a check of a health check that the image does not have."""
        for check in self.test.checks:
            if check.healthy:
                self._health_command(check)

    @cached_property
    def services(self) -> dict[str, Service]:
        """Return the services by name."""
        return {each.name: self._service(each) for each in self.test.containers}

    @property
    def network(self) -> str:
        """Return the key of its private network."""
        return f"test {self.number}"

    def _service(self, container: SmokeContainer) -> Service:
        return Service(
            self.network,
            container.name,
            self.images[container.image_name].name,
            container.arguments,
            container.environment,
            {path: text.encode() for path, text in container.secrets.items()},
            container.volumes,
            container.user or self.images[container.image_name].image.user,
            self.limits,
        )

    @property
    def background(self) -> list[Future[str | None]]:
        """Return the checks that threads repeat and that have not passed yet."""
        return [each.future for each in self.pending if isinstance(each, BackgroundCheck)]

    def begin(
        self, running: RunningServices, executor: Executor, scratch: Path, log: Log
    ) -> None:
        """Start all checks in threads of *executor*."""
        self.started = time.monotonic()
        self.pending += self._url_checks(running, executor, scratch, log)
        self.pending += self._other_checks(running, executor)

    def _url_checks(
        self, running: RunningServices, executor: Executor, scratch: Path, log: Log
    ) -> Iterator[PendingCheck]:
        """Start the probe on the private network; yield the checks that it makes."""
        if self.probe is None:
            return
        out = scratch / f"probe-{self.number}"
        out.mkdir()
        probe = executor.submit(running.run, self.network, self.probe, out=out, log=log)
        for number, check in enumerate(self._checks_of_urls):
            future = executor.submit(answer, probe.result, number)
            yield BackgroundCheck(host_of(check), str(check), future, PROBE_MARGIN)

    @property
    def _checks_of_urls(self) -> list[SmokeCheck]:
        return [check for check in self.test.checks if check.url is not None]

    @cached_property
    def probe(self) -> Job | None:
        """Return the job that makes the checks of URLs; None if there are none."""
        if not self._checks_of_urls:
            return None
        base = next(image.base for image in self.images.values() if image.base is not None)
        asked = [
            {"url": check.url, "status": check.expected_status, "text": check.text}
            for check in self._checks_of_urls
        ]
        times = {"deadline": self.test.deadline, "settle": self.test.settle}
        return Job("probe", str(base), {"checks": asked, **times}, limits=self.limits)

    def _other_checks(
        self, running: RunningServices, executor: Executor
    ) -> Iterator[PendingCheck]:
        """Yield the checks of commands, health checks and exit statuses."""
        for check in self.test.checks:
            if check.url is not None:
                continue
            name = str(check.container)
            service = self.services[name]
            if check.exits:
                state, log = partial(running.state, service), partial(running.log, service)
                yield ExitCheck(name, check, state, log)
                continue
            command = check.command or self._health_command(check)
            future = executor.submit(
                repeat_command, check, command, service, running, self.test.deadline
            )
            yield BackgroundCheck(name, str(check), future)

    def _health_command(self, check: SmokeCheck) -> tuple[str, ...]:
        name = str(check.container)
        container = next(each for each in self.test.containers if each.name == name)
        command = health_command(self.images[container.image_name].image.health_check)
        if command is None:
            why = (
                f"the image of {name} has no health check: add HEALTHCHECK to its Dockerfile, "
                "or use a check with url or command"
            )
            raise InvalidRequest("checks", why)
        return command

    def poll(self, running: RunningServices) -> bool:
        """Return true if all checks have passed, and all containers that must run do so.

        Raises SmokeTestFailed.
        """
        self._require_running(running)
        self.pending = [check for check in self.pending if not check.poll()]
        late = time.monotonic() - self.started - self.test.deadline
        for check in self.pending:
            if late > (self.test.settle + check.margin if check.margin else 0):
                raise SmokeTestFailed(check.container, self._too_late(check))
        return not self.pending

    def _too_late(self, check: PendingCheck) -> str:
        deadline = f"{self.test.deadline:g} seconds"
        return f"{check.title} is not over after the deadline of {deadline}"

    def settle(self, running: RunningServices) -> bool:
        """Wait until the containers have settled, unless the probe waited for that.

        Return true.  Raises SmokeTestFailed if one has ended.
        """
        ending = {check.container for check in self.test.checks if check.exits}
        if self.probe is None and any(name not in ending for name in self.services):
            time.sleep(self.test.settle)
        self._require_running(running)
        return True

    def _require_running(self, running: RunningServices) -> None:
        """Raise SmokeTestFailed if a container has ended that no check expects to end."""
        ending = {str(check.container) for check in self.test.checks if check.exits}
        for name, service in self.services.items():
            if name in ending or (state := running.state(service)).running:
                continue
            why = f"{name} ended with status {state.exit_status}, but it must keep running"
            if state.out_of_memory:
                why = f"{name} used more than {service.limits.memory} bytes of memory"
            raise SmokeTestFailed(name, why)

    def logs(self, running: RunningServices) -> dict[str, str]:
        """Return the log of each container by name."""
        return {name: running.log(service) for name, service in self.services.items()}


def last_lines(log: str) -> str:
    """Return the last lines of a log in one line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()][-TAIL_LINES:]
    text = " | ".join(lines)
    return shorten_start(text, TAIL_CHARACTERS)
