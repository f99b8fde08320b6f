"""One throw-away container: made, run, read, and gone, however it ends."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

import attrs
from docker.errors import APIError, NotFound

from ..errors import JobFailed, LimitExceeded
from ..model.log import Log
from .archive import pack, unpack
from .interface import Job, JobFile

NOT_FOUND = 127
"""What docker-init ends with when there is no such program."""


@attrs.define(slots=False)
class Container:
    """A container for one job; a context manager that leaves nothing behind.

    *waits* tells that it runs already, and waits for its job.  After a success it is removed
    by *leave*, if there is one.
    """

    client: Any
    name: str
    job: Job
    labels: Mapping[str, str]
    before: Callable[[], None]
    after: Callable[[], None]
    waits: bool = False
    leave: Callable[[Container], None] | None = None

    def __enter__(self) -> Container:
        """Make the container, unless it waits already; do not start it."""
        if not self.waits:
            self._create(self.job.conditions.command(self.job.script))
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

    def wait_for_job(self) -> None:
        """Make the container, and start it; `run` then gives it its job."""
        waiting = (files("buildbot_ship.inside") / "standby.py").read_text(encoding="utf-8")
        self._create(["-c", waiting, self.job.conditions.folder])
        self.waits = True
        try:
            self.client.start(self.name)
        except BaseException:
            self.remove()
            raise

    def _create(self, command: Sequence[str]) -> None:
        self.before()
        try:
            self._create_as_noted(command)
        except BaseException:
            self.remove()
            raise

    def _create_as_noted(self, command: Sequence[str]) -> None:
        limits = self.job.limits
        host = self.client.create_host_config(
            network_mode="default" if self.job.network else "none",
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            pids_limit=limits.processes,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            init=True,
        )
        self.client.create_container(
            self.job.image,
            name=self.name,
            entrypoint=[self.job.python],
            command=list(command),
            labels=dict(self.labels),
            environment=dict(self.job.conditions.environment),
            user="0:0",
            working_dir="/",
            host_config=host,
        )

    def remove(self) -> None:
        """Remove the container, if it is there."""
        with suppress(NotFound):
            self.client.remove_container(self.name, v=True, force=True)
        self.after()

    def run(
        self, out: Path, log: Log, began: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """Send the inputs in, run the script, bring its files to *out*; return its result.

        *began* is called once it runs.
        """
        self._send()
        if not self.waits:
            self.client.start(self.name)
        if began is not None:
            began()
        late = threading.Event()
        timer = threading.Timer(self.job.limits.seconds, self._kill, [late])
        timer.daemon = True
        timer.start()
        try:
            self._follow(log)
            status = self.client.wait(self.name)["StatusCode"]
        finally:
            timer.cancel()
        if late.is_set():
            raise self._exceeded(f"{self.job.limits.seconds} seconds", "seconds")
        return self._result(status, out)

    def _send(self) -> None:
        scripts = (
            JobFile(item.name, item.read_bytes())
            for item in files("buildbot_ship.inside").iterdir()
            if item.name.endswith(".py")
        )
        arguments = JobFile("job.json", json.dumps(dict(self.job.arguments)).encode())
        contents = [*scripts, arguments, *self.job.inputs]
        if self.waits:
            command = self.job.conditions.command(self.job.script)
            contents.append(JobFile("standby.json", json.dumps(command).encode()))
        with tempfile.TemporaryFile() as spool:
            pack(contents, spool, self.job.conditions.folder.lstrip("/"))
            spool.seek(0)
            self.client.put_archive(self.name, "/", spool)

    def _follow(self, log: Log) -> None:
        rest = b""
        for chunk in self.client.logs(self.name, stream=True, follow=True):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                log(line.decode("utf-8", "replace").rstrip())
        if rest:
            log(rest.decode("utf-8", "replace"))

    def _kill(self, late: threading.Event) -> None:
        late.set()
        with suppress(APIError):
            self.client.kill(self.name)

    def _result(self, status: int, out: Path) -> dict[str, Any]:
        state = self.client.inspect_container(self.name)["State"]
        if state.get("OOMKilled"):
            raise self._exceeded(f"{self.job.limits.memory} bytes of memory", "memory")
        if status == NOT_FOUND:
            why = f"{self.job.image} has no {self.job.python}"
            raise JobFailed(self.job.script, why, "take a base image that holds Python")
        if status != 0:
            raise self._failed(f"ended with status {status}")
        chunks, _ = self.client.get_archive(self.name, self.job.conditions.out)
        unpack(chunks, out)
        path = out / "result.json"
        try:
            result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            path.unlink()
        except (OSError, ValueError):
            raise self._failed("left no result") from None
        if not result.pop("ok", False):
            hint = result.get("hint") or "read the step's log for the tool's own output"
            output = str(result.get("output") or "")
            raise JobFailed(self.job.script, str(result.get("why")), str(hint), output)
        return result

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the container of {self.job.script}", limit, option)

    def _failed(self, how: str) -> JobFailed:
        return JobFailed(self.job.script, f"inside/{self.job.script}.py {how}")

    def commit(self, reference: str, label: str, result: Mapping[str, Any]) -> None:
        """Keep the file system as an image that carries *result* as JSON in *label*."""
        repository, _, tag = reference.rpartition(":")
        config = {"Labels": {**self.labels, label: json.dumps(dict(result))}, "Entrypoint": []}
        self.client.commit(self.name, repository=repository, tag=tag, conf=config)
