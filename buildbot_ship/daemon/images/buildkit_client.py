"""Build with Docker's command line, for Dockerfiles that mount secrets.

It opens a session, through which BuildKit asks for the secrets (decision 20).  They are in
files that exist in memory only, so they are in no argument, no variable and on no disk.  The
command line gets an empty folder of settings, so it has no logins.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import attrs

from ...errors import DockerClientMissing
from ...model.log import Log
from ..shared.engine_address import client_folder, find_address
from ..shared.kernel_limits import buildkit_ulimits
from .buildkit_build import BuildKitBuild
from .buildkit_progress import Vertex
from .plain_progress import PlainProgress

PROGRAM = "docker"
WITHOUT_PLUGIN = "buildx component is missing"
"""What the command line says from version 23 on if it lacks its plugin."""
_KEPT = (
    *("PATH", "HOME", "SSH_AUTH_SOCK"),
    *("DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_API_VERSION"),
)
"""The variables of the worker that the command line gets."""
_SETTINGS = {
    "DOCKER_BUILDKIT": "1",
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    "LC_ALL": "C",
}
_LINKED = ("cli-plugins", "contexts")
"""What the folder of settings shares with the one of the worker's user."""
_END_WITH_US = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Let the kernel send SIGKILL when the parent of this process dies, then run a program."""
_GRACE = 5
"""Seconds in which the command line may cancel the build."""
_PART = 1 << 16
"""Bytes of a line of output, at most."""


@attrs.define(slots=False)
class ClientBuild(BuildKitBuild):
    """A build that is a *process*; *environment* has the variables of the worker."""

    environment: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    process: subprocess.Popen[bytes] | None = None

    def follow(self, context: IO[bytes], expired: threading.Event, log: Log) -> None:
        """Run the command line.  Raises DockerClientMissing, JobFailed, ContextRefused."""
        progress = PlainProgress()
        with self._started(context) as process:
            for line in _lines(process):
                self._read(line, progress, log)
            status = process.wait()
        self.finished = status == 0
        if status and not expired.is_set():
            self._explain(progress)

    @contextmanager
    def _started(self, context: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        """Start the process, and end it; its secrets exist meanwhile."""
        program = shutil.which(PROGRAM, path=self.environment.get("PATH"))
        if program is None:
            raise DockerClientMissing(self._what(), f"there is no {PROGRAM} in PATH")
        with ExitStack() as stack:
            settings = stack.enter_context(self._settings())
            secrets = {
                name: stack.enter_context(_in_memory(secret))
                for name, secret in (self.build.secrets or {}).items()
            }
            self.process = process = subprocess.Popen(
                [sys.executable, "-ISc", _END_WITH_US, program, *self._arguments(secrets)],
                stdin=context,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._variables(settings),
                start_new_session=True,
            )
            stack.enter_context(process)
            # It runs first: the process must end before anybody waits for it.
            stack.callback(self.stop)
            yield process

    def stop(self) -> None:
        """End the process: the engine then cancels the build."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
                return

    def _arguments(self, secrets: Mapping[str, str]) -> Iterator[str]:
        build = self.build
        yield from ("build", "--progress=plain", "--no-cache")
        yield from (f"--file={build.dockerfile}", f"--tag={build.name}")
        for name, value in self.labels.items():
            yield f"--label={name}={value}"
        for limit in buildkit_ulimits(build.limits):
            yield f"--ulimit={limit.name}={limit.soft}:{limit.hard}"
        for name, path in secrets.items():
            yield f"--secret=id={name},src={path}"
        yield "-"

    @contextmanager
    def _settings(self) -> Iterator[Path]:
        """Give a new folder of settings, which has only the proxy: a URL may have a login."""
        folder = self.build.context.with_name("docker-settings")
        given = self.build.arguments
        proxies = {
            "httpProxy": given.get("http_proxy", ""),
            "httpsProxy": given.get("https_proxy", ""),
        }
        text = json.dumps({"proxies": {"default": proxies}} if given else {})
        folder.mkdir(mode=0o700)
        try:
            with _in_memory(text) as file:
                (folder / "config.json").symlink_to(file)
                for name in _LINKED:
                    (folder / name).symlink_to(client_folder(self.environment) / name)
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _variables(self, settings: Path) -> dict[str, str]:
        kept = {name: self.environment[name] for name in _KEPT if name in self.environment}
        kept.setdefault("DOCKER_CERT_PATH", str(client_folder(self.environment)))
        address = find_address(self.environment)
        engine = {"DOCKER_CONTEXT": address.context} if address.context else {}
        return {
            **kept,
            **_SETTINGS,
            **(engine or {"DOCKER_HOST": address.url}),
            "DOCKER_CONFIG": str(settings),
        }

    def _read(self, line: str, progress: PlainProgress, log: Log) -> None:
        found = progress.read(line)
        if isinstance(found, Vertex):
            self.on_vertex(found, log)
        elif found is not None:
            self.on_output(found, log)

    def _explain(self, progress: PlainProgress) -> None:
        """Raise the error of a failed build."""
        if any(WITHOUT_PLUGIN in line for line in progress.said):
            raise DockerClientMissing(self._what(), "its plugin buildx is not installed")
        self.fail(progress.reason)

    def _what(self) -> str:
        """Return the first line that mounts something."""
        return next(
            (need for need in self.build.needs if "mount" in need), self.build.dockerfile
        )


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the lines that *process* prints; a very long one in parts."""
    output = process.stdout
    while output and (line := output.readline(_PART)):
        yield line.decode("utf-8", "replace").rstrip("\r\n")


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Give the path of a file in memory, which other processes of this user can open."""
    number = os.memfd_create("buildbot-ship")
    try:
        os.write(number, text.encode())
        yield f"/proc/{os.getpid()}/fd/{number}"
    finally:
        os.close(number)
