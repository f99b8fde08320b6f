"""Build with a request to the engine, whose body is the build context.

There is no session: the engine's interface for sessions is deprecated, and needs gRPC
(decision 20).  So lines get no secrets and no logins.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import IO, Any

import attrs
import requests
from docker.errors import create_api_error_from_http_exception
from docker.types import CancellableStream

from ...model.log import Log
from ..shared.kernel_limits import buildkit_ulimits
from .buildkit_build import BuildKitBuild
from .buildkit_progress import TRACE, read_progress
from .progress import stream_error


@attrs.define(slots=False)
class RequestBuild(BuildKitBuild):
    """A build that is one request; *stream* is its answer."""

    stream: Any = None

    def follow(self, context: IO[bytes], expired: threading.Event, log: Log) -> None:
        """Send the request, and read its answer.  Raises JobFailed, ContextRefused."""
        self.stream = self._start(context)
        for message in self._messages():
            if expired.is_set():
                break
            self._read(message, log)

    def stop(self) -> None:
        """Close the connection: the engine then cancels the build."""
        if self.stream is not None:
            self.stream.close()

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

    def _read(self, message: Mapping[str, Any], log: Log) -> None:
        """Read a line of the stream.  Raises JobFailed, ContextRefused."""
        if error := stream_error(message):
            self.fail(error)
        if message.get("id") == TRACE:
            try:
                vertexes, outputs = read_progress(str(message.get("aux", "")))
            except ValueError:
                return  # the progress is for people; the build goes on
            for vertex in vertexes:
                self.on_vertex(vertex, log)
            for output in outputs:
                self.on_output(output, log)
        elif message.get("id") == "moby.image.id":
            self.finished = True
