"""One throw-away container: made, run, read, and gone, however it ends."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs
from docker.errors import APIError, NotFound

from ... import inside
from ...errors import HostileArchive, JobFailed, LimitExceeded
from ...model.log import Log
from ..interface import Job, JobFile
from ..shared import disk_limit as disk
from ..shared.archive import unpack
from ..shared.signal_guard import uninterrupted
from ..shared.timeout import deadline
from .streams import Streams

MAX_RESULT = 16 * 1024**2
"""Bytes of a result; that of 10,000 packages has a few."""
MAX_OUTPUT = 64 * 1024
"""Characters of a tool's output that an error shows: the last ones."""
MAX_WHY = 2_000


def read_result(out: Path, script: str, *, whole: bool) -> dict[str, Any]:
    """Return the result in *out*, which then is gone; *whole* says that all of *out* came.

    Raises JobFailed with what the script said, LimitExceeded, HostileArchive.
    """
    if not whole:
        raise HostileArchive("the archive", "is not a whole tar")
    path = out / "result.json"
    try:
        if path.stat().st_size > MAX_RESULT:
            raise LimitExceeded(f"the result of inside/{script}.py", f"{MAX_RESULT} bytes")
        result = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise JobFailed(script, f"inside/{script}.py left no result")
    path.unlink()
    if not result.pop("ok", False):
        hint = str(result.get("hint") or "read the step's log for the tool's own output")
        output = str(result.get("output") or "")[-MAX_OUTPUT:]
        raise JobFailed(script, str(result.get("why"))[:MAX_WHY], hint[:MAX_WHY], output)
    return result


NOT_FOUND = 127
"""What docker-init ends with when there is no such program."""
TOO_LARGE = "File too large"
"""What programs say of a file that reaches the kernel's limit (EFBIG)."""


@attrs.define(slots=False)
class Container:
    """A container for one job; a context manager that leaves nothing behind.

    It is started before it has a job, and waits for it.  After a success it is removed
    by *leave*, if there is one.  *volumes* are the folders that its image declares as such.
    """

    client: Any
    name: str
    job: Job
    labels: Mapping[str, str]
    before: Callable[[], None]
    after: Callable[[], None]
    volumes: tuple[str, ...] = ()
    streams: Streams | None = None
    leave: Callable[[Container], None] | None = None

    def __enter__(self) -> Container:
        """Start the container, unless it waits already."""
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
        if kind is None and self.leave is not None:
            self.leave(self)
        else:
            self.remove()

    def start(self) -> None:
        """Make the container, and start it; `run` then gives it its job.

        A signal must not cut this off: who is to remove what the engine still makes?
        """
        self.before()
        try:
            self._create()
            self.streams = Streams.attach(self.client, self.name)
            self.client.start(self.name)
            self.streams.send_scripts(_scripts())
        except BaseException:
            self.remove()
            raise

    def _create(self) -> None:
        limits, job_environment = self.job.limits, self.job.job_environment
        entry = inside.script(inside.ENTRY).decode()
        host = self.client.create_host_config(
            network_mode="default" if self.job.network else "none",
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            pids_limit=limits.processes,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            init=True,
            ulimits=[disk.file_limit(limits.disk)],
            # A volume would be on the host's disk, and in nobody's measure.
            tmpfs=dict.fromkeys(self.volumes, f"exec,size={limits.disk}"),
            # What is said is read as it comes; the files are no log.
            log_config={"Type": "none", "Config": {}},
        )
        self.client.create_container(
            self.job.image,
            name=self.name,
            entrypoint=[self.job.python],
            command=["-B", "-c", entry, job_environment.folder, job_environment.out],
            stdin_open=True,
            labels=dict(self.labels),
            environment=dict(job_environment.variables),
            user="0:0",
            working_dir="/",
            # None at all starts in half the time of the engine's network of that name.
            network_disabled=not self.job.network,
            host_config=host,
        )

    def remove(self) -> None:
        """Remove the container, if it is there."""
        with uninterrupted():
            if self.streams is not None:
                self.streams.close()
            with suppress(NotFound):
                self.client.remove_container(self.name, v=True, force=True)
            self.after()

    def run(
        self, out: Path, log: Log, began: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Send the inputs in, run the script, bring its files to *out*; return its result.

        *began* is called once it runs.
        """
        assert self.streams is not None  # noqa: S101  # it was entered
        limits = self.job.limits
        with (
            deadline(limits.seconds, self._kill) as late,
            disk.watched(limits.disk, self._written, self._kill) as full,
        ):
            self.streams.send(self._inputs())
            if began is not None:
                began()
            whole = self._receive(self.streams.receive(log), out)
            status = self.client.wait(self.name)["StatusCode"]
        if late.is_set():
            raise self._exceeded(f"{limits.seconds} seconds", "seconds")
        if full.is_set():
            raise self._exceeded(f"{limits.disk} bytes on disk", "disk")
        try:
            self._check(status)
            return read_result(out, self.job.script, whole=whole)
        except JobFailed as failed:
            said = f"{failed.why}\n{failed.output}"
            if TOO_LARGE in said or self._written() >= limits.disk:
                raise self._exceeded(f"{limits.disk} bytes on disk", "disk") from failed
            raise

    def _written(self) -> int:
        return disk.written(self.client, self.name)

    def _inputs(self) -> Iterator[JobFile]:
        """Yield what the job takes."""
        command = self.job.job_environment.command(self.job.script)
        yield JobFile("job.json", json.dumps(dict(self.job.arguments)).encode())
        yield JobFile("command.json", json.dumps(command).encode())
        yield from self.job.inputs

    def _receive(self, output: Iterator[bytes], out: Path) -> bool:
        """Unpack *output*, read it to its end; tell whether it was a whole tar."""
        try:
            unpack(output, out, max_bytes=self.job.limits.disk)
            whole = True
        except tarfile.TarError:
            whole = False
        for _ in output:
            pass
        return whole

    def _kill(self) -> None:
        with suppress(APIError):
            self.client.kill(self.name)

    def _check(self, status: int) -> None:
        # Also after success: who lost a process may have made something else without it.
        if self.client.inspect_container(self.name)["State"].get("OOMKilled"):
            raise self._exceeded(f"{self.job.limits.memory} bytes of memory", "memory")
        if status == NOT_FOUND:
            why = f"{self.job.image} has no {self.job.python}"
            raise JobFailed(self.job.script, why, "take a base image that holds Python")
        if status != 0:
            script = self.job.script
            raise JobFailed(script, f"inside/{script}.py ended with status {status}")

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the container of {self.job.script}", limit, option)

    def commit(self, reference: str, label: str, result: Mapping[str, Any]) -> None:
        """Keep the file system as an image that carries *result* as JSON in *label*."""
        repository, _, tag = reference.rpartition(":")
        config = {"Labels": {**self.labels, label: json.dumps(dict(result))}, "Entrypoint": []}
        self.client.commit(self.name, repository=repository, tag=tag, conf=config)


def _scripts() -> Iterator[JobFile]:
    """Yield all scripts: which of them a job runs, and what that imports, is theirs to know."""
    for name, source in inside.scripts().items():
        yield JobFile(name, source)
