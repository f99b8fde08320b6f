"""What every build of an image with the engine's BuildKit has: its log, limits and clean-up."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

import attrs
from docker.errors import APIError, NotFound

from ...errors import JobFailed, LimitExceeded
from ...model.log import OUTPUT, Log
from ..interface import Build
from ..shared.timeout import timeout
from .buildkit_progress import Output, Vertex

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
    """A build; *forget* removes its image from the ledger, where it is before the build.

    A subclass has the way to BuildKit: `follow` and `stop`.
    """

    client: Any
    build: Build
    labels: Mapping[str, str]
    forget: Callable[[str], None]
    finished: bool = False
    names: dict[str, str] = attrs.field(factory=dict)
    failed: str = ""
    partial: dict[str, bytes] = attrs.field(factory=dict)
    output: deque[str] = attrs.field(factory=lambda: deque(maxlen=_TAIL))

    def follow(self, context: IO[bytes], expired: threading.Event, log: Log) -> None:
        """Build with *context*, until *expired* is set; set *finished* after a success."""
        raise NotImplementedError

    def stop(self) -> None:
        """Cancel the build, if it is not at its end; another thread may call it."""
        raise NotImplementedError

    def run(self, log: Log) -> None:
        """Build the image.

        Raises ContextRefused, JobFailed with the line that failed, LimitExceeded.
        """
        seconds = self.build.limits.seconds
        with self.build.context.open("rb") as context, timeout(seconds, self.stop) as expired:
            try:
                self.follow(context, expired, log)
            finally:
                self.stop()
        if expired.is_set():
            raise self._exceeded(f"{seconds} seconds", "seconds")
        if not self.finished:
            raise ConnectionError("the engine ended the build without a result")
        self._check_size()

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the build of {self.build.dockerfile}", limit, option)

    def fail(self, error: str) -> None:
        """Raise JobFailed with the line that failed, or ContextRefused."""
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

    def on_vertex(self, vertex: Vertex, log: Log) -> None:
        """Print the name of a step when it starts; remember the first that failed."""
        if vertex.started and vertex.digest not in self.names:
            self.names[vertex.digest] = vertex.name
            for line in vertex.name.splitlines():
                self._print(line, log)
        if vertex.error and not self.failed and "context canceled" not in vertex.error:
            self.names.setdefault(vertex.digest, vertex.name)
            self.failed = vertex.digest

    def on_output(self, output: Output, log: Log) -> None:
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
