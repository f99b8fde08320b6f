"""Services in memory: processes on this machine instead of containers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from buildbot_ship.daemon.interface import Job, Service, ServiceState
from buildbot_ship.model.log import Log


@attrs.define
class MemoryServices:
    """Services whose arguments are a command; *run_job* runs a job."""

    run_job: Callable[[Job, Path, Log], dict[str, Any]]
    processes: dict[int, subprocess.Popen[str]] = attrs.field(factory=dict)
    logs: dict[int, str] = attrs.field(factory=dict)

    @contextmanager
    def running(self, services: Sequence[Service]) -> Iterator[MemoryServices]:
        """Start all services, and end them."""
        try:
            for service in services:
                self.processes[id(service)] = _start(service.arguments, service)
            yield self
        finally:
            for process in self.processes.values():
                process.kill()
                process.wait()

    def state(self, service: Service) -> ServiceState:
        status = self.processes[id(service)].poll()
        return ServiceState(status is None, status or 0)

    def execute(self, service: Service, command: Sequence[str]) -> tuple[int, str]:
        done = _start(command, service)
        output, _ = done.communicate()
        return done.returncode, output

    def log(self, service: Service) -> str:
        process = self.processes[id(service)]
        if process.poll() is not None and id(service) not in self.logs:
            self.logs[id(service)] = process.communicate()[0]
        return self.logs.get(id(service), "")

    def run(self, network: str, job: Job, *, out: Path, log: Log) -> dict[str, Any]:
        return self.run_job(job, out, log)


def _start(command: Sequence[str], service: Service) -> subprocess.Popen[str]:
    argv = [sys.executable if word == "python3" else word for word in command]
    return subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(service.environment),
    )
