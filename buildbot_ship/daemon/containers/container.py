"""One throw-away container: start it, run a job in it, read its output, remove it."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import starmap
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs
from docker.errors import APIError, NotFound

from ... import inside
from ...errors import JobFailed, LimitExceeded
from ...model.log import Log
from ..interface import Job, JobFile
from ..shared.archive import unpack
from ..shared.disk_limit import bytes_written, disk_limit
from ..shared.kernel_limits import cpu_quota, exceeded, ulimits
from ..shared.signal_guard import uninterrupted
from ..shared.timeout import timeout
from .returned import explain_full_disk, read_result
from .service_container import hosts_archive
from .streams import Streams

ROOT = "0:0"
"""The user of jobs in images that have no folders for another one."""
NOT_FOUND = 127
"""docker-init's exit status if the program does not exist."""


@attrs.define(slots=False)
class Container:
    """A container for one job; a context manager that removes it.

    It starts without its job and waits for `run`.  *on_create* is called before it is created,
    *on_removed* after it is removed.  *remove_later*, if set, removes it after a success.
    *volumes* are the folders that its image declares as volumes.  *network* is the engine's
    name of a private network for it, if any.  *user* is the numbers of user and group.
    """

    client: Any
    name: str
    job: Job
    labels: Mapping[str, str]
    on_create: Callable[[], None]
    on_removed: Callable[[], None]
    volumes: tuple[str, ...] = ()
    network: str = ""
    user: str = ROOT
    streams: Streams | None = None
    warnings: tuple[str, ...] = ()
    remove_later: Callable[[Container], None] | None = None

    def __enter__(self) -> Container:
        """Start the container, unless it is a standby container."""
        if self.streams is None:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the container."""
        if kind is None and self.remove_later is not None:
            self.remove_later(self)
        else:
            self.remove()

    def start(self) -> None:
        """Create and start the container; `run` sends its job.

        Call this with signals held back (`uninterrupted`): the engine completes a request that
        is interrupted, and nothing would remove that container.
        """
        self.on_create()
        try:
            self._create()
            self.streams = Streams.attach(self.client, self.name)
            self.client.start(self.name)
            self.streams.send_scripts(starmap(JobFile, inside.scripts().items()))
            if self.user != ROOT and not (self.job.network or self.network):
                # Only root can write this file: the entry point does it for root alone.
                self.client.put_archive(self.name, *hosts_archive())
        except BaseException:
            self.remove()
            raise

    def _create(self) -> None:
        limits, job_environment = self.job.limits, self.job.job_environment
        entry = inside.script(inside.ENTRY).decode()
        home = {} if self.user == ROOT else {"HOME": "/tmp"}  # noqa: S108  # nobody has none
        host = self.client.create_host_config(
            network_mode=self.network or ("default" if self.job.network else "none"),
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            pids_limit=limits.processes,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            init=True,
            ulimits=ulimits(limits),
            **cpu_quota(limits),
            # A volume would be on the host's disk, where the disk limit does not count it.
            tmpfs=dict.fromkeys(self.volumes, f"exec,size={limits.disk}"),
            # We read the streams; the engine must not store the output files as a log.
            log_config={"Type": "none", "Config": {}},
        )
        made = self.client.create_container(
            self.job.image,
            name=self.name,
            entrypoint=[self.job.python],
            command=["-B", "-c", entry, job_environment.folder, job_environment.out],
            stdin_open=True,
            labels=dict(self.labels),
            environment={**home, **job_environment.variables},
            user=self.user,
            working_dir="/",
            # Without any network a container starts in half the time of network_mode="none".
            network_disabled=not (self.job.network or self.network),
            host_config=host,
        )
        self.warnings = tuple(made.get("Warnings") or ())

    def remove(self) -> None:
        """Remove the container if it exists."""
        with uninterrupted():
            if self.streams is not None:
                self.streams.close()
            with suppress(NotFound):
                self.client.remove_container(self.name, v=True, force=True)
            self.on_removed()

    def run(
        self, out: Path, log: Log, on_start: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Send the job, run its script, write its output files to *out*; return its result.

        *on_start* is called when the job was sent.
        """
        assert self.streams is not None  # noqa: S101  # __enter__ started it
        limits = self.job.limits
        for warning in self.warnings:
            log(f"the engine warns: {warning}")
        with (
            timeout(limits.seconds, self._kill) as expired,
            disk_limit(limits.disk, self._bytes_written, self._kill) as disk_full,
        ):
            self.streams.send(self._inputs())
            if on_start is not None:
                on_start()
            complete = self._receive(self.streams.receive(log), out)
            status = self.client.wait(self.name)["StatusCode"]
        if expired.is_set():
            raise self._exceeded(f"{limits.seconds} seconds", "seconds")
        if disk_full.is_set():
            raise self._exceeded(f"{limits.disk} bytes on disk", "disk")
        try:
            self._check(status)
            script, network = self.job.script, self.job.network
            return read_result(out, script, complete=complete, network=network)
        except JobFailed as failed:
            if self._bytes_written() >= limits.disk:
                raise self._exceeded(f"{limits.disk} bytes on disk", "disk") from failed
            if found := exceeded(f"{failed.why}\n{failed.output}", limits):
                raise self._exceeded(*found) from failed
            raise explain_full_disk(failed) from None

    def _bytes_written(self) -> int:
        return bytes_written(self.client, self.name)

    def _inputs(self) -> Iterator[JobFile]:
        """Yield the files of the job folder: arguments, command, inputs."""
        command = self.job.job_environment.command(self.job.script)
        yield JobFile("job.json", json.dumps(dict(self.job.arguments)).encode())
        yield JobFile("command.json", json.dumps(command).encode())
        yield from self.job.inputs

    def _receive(self, output: Iterator[bytes], out: Path) -> bool:
        """Unpack *output* and read it to its end; return whether it was a complete tar."""
        try:
            unpack(output, out, max_bytes=self.job.limits.disk)
            complete = True
        except tarfile.TarError:
            complete = False
        for _ in output:
            pass
        return complete

    def _kill(self) -> None:
        with suppress(APIError):
            self.client.kill(self.name)

    def _check(self, status: int) -> None:
        # Also after a success: without the killed process the output may be different.
        if self.client.inspect_container(self.name)["State"].get("OOMKilled"):
            raise self._exceeded(f"{self.job.limits.memory} bytes of memory", "memory")
        if status == NOT_FOUND:
            why = f"{self.job.image} has no {self.job.python}"
            hint = "use a base image with Python 3, for example FROM python:3.12-slim"
            raise JobFailed(self.job.script, why, hint)
        if status != 0:
            script = self.job.script
            raise JobFailed(script, f"inside/{script}.py exited with status {status}")

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the container of {self.job.script}", limit, option)

    def commit(self, reference: str, labels: Mapping[str, str], user: str = ROOT) -> None:
        """Commit the file system as the image *reference* with more *labels* and a *user*."""
        repository, _, tag = reference.rpartition(":")
        config = {"Labels": {**self.labels, **labels}, "Entrypoint": [], "User": user}
        self.client.commit(self.name, repository=repository, tag=tag, conf=config)
