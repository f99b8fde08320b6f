"""Build an image with the engine's BuildKit, and leave nothing but its cache.

The context is the body of the request, without a session: the engine's interface for sessions
is deprecated, and needs gRPC (decision 20).  So lines get no secrets and no logins.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any

import attrs
import requests
from docker.errors import APIError, NotFound, create_api_error_from_http_exception
from docker.types import CancellableStream

from ...errors import JobFailed, LimitExceeded
from ...model.log import OUTPUT, Log
from ..interface import Build
from ..shared.kernel_limits import buildkit_ulimits
from ..shared.timeout import timeout
from .buildkit_progress import TRACE, Output, Vertex, read_progress
from .progress import stream_error

NO_CONTEXT = "failed to read downloaded context"
"""The error of an engine whose BuildKit takes no context without a session: Engine 26 with the
containerd store."""
_NAME = re.compile(r"\[(?:(\S+) )? *(\d+)/\d+\] ")
_PARSE_ERROR = re.compile(r"dockerfile parse error (?:on )?line (\d+): ")
_MEMORY = ("Cannot allocate memory", "MemoryError", "out of memory")
_TAIL = 40
"""Lines of the build's output in an error."""
_PART = 1 << 16
"""Bytes of a line of output, at most."""
_SETTLE = 0.5
"""Seconds in which a cancelled build may still name its image."""


class ContextRefused(Exception):
    """This engine's BuildKit does not take the build context; nothing was built."""


@attrs.define(slots=False)
class BuildKitBuild:
    """A build; *forget* removes its image from the ledger, where it is before the build."""

    client: Any
    build: Build
    labels: Mapping[str, str]
    forget: Callable[[str], None]
    stream: Any = None
    finished: bool = False
    names: dict[str, str] = attrs.field(factory=dict)
    failed: str = ""
    partial: dict[str, bytes] = attrs.field(factory=dict)
    output: deque[str] = attrs.field(factory=lambda: deque(maxlen=_TAIL))

    def run(self, log: Log) -> None:
        """Build the image.

        Raises ContextRefused, JobFailed with the line that failed, LimitExceeded.
        """
        seconds = self.build.limits.seconds
        with self.build.context.open("rb") as context, timeout(seconds, self._stop) as expired:
            try:
                self.stream = self._start(context)
                for message in self._messages():
                    if expired.is_set():
                        break
                    self._read(message, log)
            finally:
                self._stop()
        if expired.is_set():
            raise self._exceeded(f"{seconds} seconds", "seconds")
        if not self.finished:
            raise ConnectionError("the engine ended the build without a result")
        self._check_size()

    def _start(self, context: IO[bytes]) -> CancellableStream[bytes]:
        build = self.build
        parameters = {
            "version": "2",
            "t": build.name,
            "dockerfile": build.dockerfile,
            "labels": json.dumps(dict(self.labels)),
            "buildargs": json.dumps(dict(build.arguments)),
            "ulimits": json.dumps([dict(each) for each in buildkit_ulimits(build.limits)]),
            "nocache": "1",
        }
        url = f"{self.client.base_url}/v{self.client.api_version}/build"
        response = self.client.post(
            url,
            data=context,
            params=parameters,
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=None,
        )
        try:
            response.raise_for_status()
        except requests.HTTPError as error:
            create_api_error_from_http_exception(error)
        return CancellableStream(response.iter_lines(), response)

    def _messages(self) -> Iterator[dict[str, Any]]:
        for line in self.stream:
            if line.strip():
                yield json.loads(line)

    def _stop(self) -> None:
        """Close the connection: the engine then cancels the build."""
        if self.stream is not None:
            self.stream.close()

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the build of {self.build.dockerfile}", limit, option)

    def _read(self, message: Mapping[str, Any], log: Log) -> None:
        """Read a line of the stream.  Raises JobFailed, ContextRefused."""
        if error := stream_error(message):
            self._fail(error)
        if message.get("id") == TRACE:
            try:
                vertexes, outputs = read_progress(str(message.get("aux", "")))
            except ValueError:
                return  # the progress is for people; the build goes on
            for vertex in vertexes:
                self._on_vertex(vertex, log)
            for output in outputs:
                self._on_output(output, log)
        elif message.get("id") == "moby.image.id":
            self.finished = True

    def _fail(self, error: str) -> None:
        if error.startswith(NO_CONTEXT):
            raise ContextRefused
        rest = (text.decode("utf-8", "replace") for text in self.partial.values())
        self.output.extend(f"{OUTPUT}{text}" for text in rest)
        output = "\n".join(line for line in self.output if line)
        why = f"{self._place(error)}: {error}"
        if "no active sessions" in error:
            hint = "the line needs a secret or a login, which builds do not get: remove it"
            raise JobFailed("build", why, hint, output=output)
        if any(word in output for word in _MEMORY):
            hint = "find out why it needs so much memory, or raise the option memory"
            raise JobFailed("build", why, hint, output=output)
        raise JobFailed("build", why, output=output)

    def _place(self, error: str) -> str:
        """Return the place of the step that failed in the Dockerfile."""
        file = self.build.dockerfile
        if match := _PARSE_ERROR.search(error):
            return f"{file}:{match[1]}"
        match = _NAME.match(self.names.get(self.failed, ""))
        name = f"{match[1] or ''} {match[2]}".strip() if match else ""
        return self.build.places.get(name.lower(), file)

    def _on_vertex(self, vertex: Vertex, log: Log) -> None:
        if vertex.started and vertex.digest not in self.names:
            self.names[vertex.digest] = vertex.name
            for line in vertex.name.splitlines():
                self._print(line, log)
        if vertex.error and not self.failed and "context canceled" not in vertex.error:
            self.names.setdefault(vertex.digest, vertex.name)
            self.failed = vertex.digest

    def _on_output(self, output: Output, log: Log) -> None:
        """Print the complete lines of a step; keep the rest until it goes on."""
        *lines, rest = (self.partial.pop(output.vertex, b"") + output.text).split(b"\n")
        if len(rest) > _PART:
            lines, rest = [*lines, rest], b""
        for line in lines:
            self._print(OUTPUT + line.decode("utf-8", "replace").rstrip("\r"), log)
        if rest:
            self.partial[output.vertex] = rest

    def _print(self, text: str, log: Log) -> None:
        if text.strip():
            self.output.append(text)
            log(text)

    def _check_size(self) -> None:
        """Raise LimitExceeded if the layers over the base are larger than allowed."""
        if not self.build.base:
            return
        image, base = map(self._size, (self.build.name, self.build.base))
        if image - base > self.build.limits.disk:
            raise self._exceeded(f"{self.build.limits.disk} bytes on disk", "disk")

    def _size(self, name: str) -> int:
        """Return the bytes of all layers, unpacked; an image's own size may be compressed."""
        return sum(int(entry.get("Size") or 0) for entry in self.client.history(name))

    def clean(self) -> None:
        """Remove the image, also if a cancelled build is just naming it."""
        if not self.finished:
            time.sleep(_SETTLE)
        try:
            with suppress(NotFound):
                self.client.remove_image(self.build.name)
        except APIError:
            return
        self.forget(self.build.name)
