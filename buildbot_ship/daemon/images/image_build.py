"""Build an image with the classic builder, and remove everything that the build leaves."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import attrs
from docker.errors import APIError, NotFound
from requests import RequestException

from ...errors import JobFailed, LimitExceeded
from ...model.log import OUTPUT, Log
from ..interface import Build
from ..shared.disk_limit import bytes_written, disk_limit
from ..shared.kernel_limits import build_parameters
from ..shared.timeout import timeout
from .progress import stream_error

_STEP = re.compile(r"Step (\d+)/\d+ : ")
_IMAGE = re.compile(r" ---> ([0-9a-f]{12})")
_CONTAINER = re.compile(r" ---> Running in ([0-9a-f]{12})")
_TAIL = 40
"""Lines of the build's output in an error."""
_GONE = 10
"""Seconds to wait until the container of a cancelled build is gone."""


@attrs.define(slots=False)
class ClassicBuild:
    """A build; *note* and *forget* record its images in the ledger.

    The classic builder leaves an image without labels for every step, even if the build fails.
    This class finds these images, and the container of the current step, in the builder's
    output.  A RUN line can print false IDs there.  So an image counts only if it is new and
    has no name, and a container only if it runs the last image.
    *base_size* is the size of the newest base in bytes, *layers_size* that of the layers on it.
    """

    client: Any
    build: Build
    labels: Mapping[str, str]
    note: Callable[[str], None]
    forget: Callable[[str], None]
    existing: set[str] = attrs.field(factory=set)
    created: list[str] = attrs.field(factory=list)
    last_image: str = ""
    container: str = ""
    step: int = 0
    base_size: int | None = None
    layers_size: int = 0
    rest: str = ""
    output: deque[str] = attrs.field(factory=lambda: deque(maxlen=_TAIL))

    def run(self, log: Log) -> None:
        """Build the image.  Raises JobFailed with the step that failed, LimitExceeded."""
        self.existing = set(self.client.images(all=True, quiet=True))
        limits = self.build.limits
        with (
            self.build.context.open("rb") as context,
            timeout(limits.seconds, self._kill) as expired,
            disk_limit(limits.disk, self._bytes_written, self._kill) as disk_full,
        ):
            for message in self._messages(context):
                error = stream_error(message)
                if error and expired.is_set():
                    raise self._exceeded(f"{limits.seconds} seconds", "seconds")
                if (error and disk_full.is_set()) or self.layers_size > limits.disk:
                    raise self._exceeded(f"{limits.disk} bytes on disk", "disk")
                if error:
                    self._print_rest(log)
                    why = f"{self._place()}: {error}"
                    raise JobFailed("build", why, output="\n".join(self.output))
                self._read(str(message.get("stream") or ""), log)
        self._print_rest(log)

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the build of {self.build.dockerfile}", limit, option)

    def _bytes_written(self) -> int:
        """Return the bytes that the build has on disk: its layers and its current container."""
        running = self.container
        return self.layers_size + (bytes_written(self.client, running) if running else 0)

    def _messages(self, context: Any) -> Iterator[dict[str, Any]]:
        limits = self.build.limits
        with self._more_parameters(build_parameters(limits)):
            return self._start(context)

    @contextmanager
    def _more_parameters(self, parameters: Mapping[str, str]) -> Iterator[None]:
        """Add *parameters* to the requests of the client, which is a session of requests.

        Other requests in this time have them as well; the engine ignores them there.
        """
        self.client.params = dict(parameters)
        try:
            yield
        finally:
            self.client.params = {}

    def _start(self, context: Any) -> Iterator[dict[str, Any]]:
        limits = self.build.limits
        messages: Iterator[dict[str, Any]] = self.client.build(
            fileobj=context,
            custom_context=True,
            dockerfile=self.build.dockerfile,
            tag=self.build.name,
            labels=dict(self.labels),
            container_limits={"memory": limits.memory, "memswap": limits.memory},
            buildargs=dict(self.build.arguments),
            nocache=True,
            rm=True,
            forcerm=True,
            decode=True,
        )
        return messages

    def _read(self, text: str, log: Log) -> None:
        """Log *text*, and read the step, image or container that it announces."""
        if step := _STEP.match(text):
            self.step = int(step[1])
        elif container := _CONTAINER.fullmatch(text.rstrip()):
            self._on_container(container[1])
        elif image := _IMAGE.fullmatch(text.rstrip()):
            self._on_image(image[1])
        else:
            *lines, self.rest = (self.rest + text).split("\n")
            for line in lines:
                self._print(f"{OUTPUT}{line}", log)
            return
        self._print_rest(log)
        for line in text.splitlines():
            self._print(line, log)

    def _print_rest(self, log: Log) -> None:
        """Print the last line of a program that did not end it."""
        rest, self.rest = self.rest, ""
        self._print(f"{OUTPUT}{rest}", log)

    def _print(self, line: str, log: Log) -> None:
        if line.strip():
            self.output.append(line)
            log(line)

    def _on_image(self, short_id: str) -> None:
        with suppress(NotFound):
            image = self.client.inspect_image(short_id)
            image_id = image["Id"]
            self.last_image, self.container = image_id, ""
            if image_id not in {*self.existing, *self.created} and not image.get("RepoTags"):
                self.note(image_id)
                self.created.append(image_id)
            self._measure(image)

    def _measure(self, image: Mapping[str, Any]) -> None:
        """Update the sizes of the base and of the layers."""
        if image["Id"] in self.existing or self.base_size is None:
            self.base_size, self.layers_size = image["Size"], 0
        else:
            self.layers_size = max(0, image["Size"] - self.base_size)

    def _on_container(self, short_id: str) -> None:
        with suppress(NotFound):
            if self.client.inspect_container(short_id)["Image"] == self.last_image:
                self.container = short_id

    def _place(self) -> str:
        """Return the place of the current step in the Dockerfile."""
        return self.build.places.get(f"Step {self.step}", self.build.dockerfile)

    def _kill(self) -> None:
        """Kill the current container; the build then fails."""
        if self.container:
            with suppress(APIError):
                self.client.kill(self.container)

    def clean(self) -> None:
        """Remove the container and all images of the build, the named image first."""
        if self.container:
            with suppress(APIError):
                self.client.remove_container(self.container, v=True, force=True)
            # The engine may be removing it already; until it is gone, it holds the base.
            with suppress(APIError, RequestException):
                self.client.wait(self.container, timeout=_GONE, condition="removed")
        for name in (self.build.name, *reversed(self.created)):
            try:
                self.client.remove_image(name)
            except NotFound:
                pass
            except APIError:
                continue
            self.forget(name)
