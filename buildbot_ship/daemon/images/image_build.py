"""One image built by the engine's own builder: saved, and gone with all that it left."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import attrs
from docker.errors import APIError, NotFound

from ...errors import JobFailed, LimitExceeded
from ...model.log import Log
from ..interface import Build
from ..shared import disk_limit as disk
from ..shared.timeout import deadline

_STEP = re.compile(r"Step (\d+)/\d+ : ")
_MADE = re.compile(r" ---> ([0-9a-f]{12})")
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]{12})")
_KEPT_LINES = 40


@attrs.define(slots=False)
class Builder:
    """A build; *note* and *forget* keep the ledger of the images that it makes.

    The classic builder leaves an unlabelled image for every step, also when it fails, so
    they are followed in its output.  What a RUN prints there is not believed: an image
    counts only if it is new and has no name, a container only if it is of such an image.
    *below* is the size of the newest base, *above* that of the layers that were made on it.
    """

    client: Any
    build: Build
    labels: Mapping[str, str]
    note: Callable[[str], None]
    forget: Callable[[str], None]
    before: set[str] = attrs.field(factory=set)
    made: list[str] = attrs.field(factory=list)
    last: str = ""
    container: str = ""
    step: int = 0
    below: int | None = None
    above: int = 0
    output: deque[str] = attrs.field(factory=lambda: deque(maxlen=_KEPT_LINES))

    def run(self, log: Log) -> None:
        """Build; raise JobFailed with the step that failed, LimitExceeded."""
        self.before = set(self.client.images(all=True, quiet=True))
        limits = self.build.limits
        with (
            self.build.context.open("rb") as context,
            deadline(limits.seconds, self._stop) as late,
            disk.watched(limits.disk, self._written, self._stop) as full,
        ):
            for message in self._stream(context):
                error = message.get("error")
                if error and late.is_set():
                    raise self._exceeded(f"{limits.seconds} seconds", "seconds")
                if (error and full.is_set()) or self.above > limits.disk:
                    raise self._exceeded(f"{limits.disk} bytes on disk", "disk")
                if error:
                    raise JobFailed("build", f"{self._where()}: {error}", output=self._tail())
                self._follow(str(message.get("stream") or ""), log)

    def _exceeded(self, limit: str, option: str) -> LimitExceeded:
        return LimitExceeded(f"the build of {self.build.dockerfile}", limit, option)

    def _written(self) -> int:
        """Return how many bytes the build has on disk: its layers, and what runs now."""
        running = self.container
        return self.above + (disk.written(self.client, running) if running else 0)

    def _stream(self, context: Any) -> Iterator[dict[str, Any]]:
        limits = self.build.limits
        stream: Iterator[dict[str, Any]] = self.client.build(
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
        return stream

    def _follow(self, text: str, log: Log) -> None:
        if step := _STEP.match(text):
            self.step = int(step[1])
        elif running := _RUNNING.fullmatch(text.rstrip()):
            self._runs(running[1])
        elif made := _MADE.fullmatch(text.rstrip()):
            self._makes(made[1])
        for line in text.splitlines():
            if line.strip():
                self.output.append(line)
                log(line)

    def _makes(self, short: str) -> None:
        with suppress(NotFound):
            found = self.client.inspect_image(short)
            self.last, self.container = found["Id"], ""
            if found["Id"] not in {*self.before, *self.made} and not found.get("RepoTags"):
                self.note(found["Id"])
                self.made.append(found["Id"])
            self._count(found)

    def _count(self, image: Mapping[str, Any]) -> None:
        """Take up how large an image is, as the engine says it."""
        if image["Id"] in self.before or self.below is None:
            self.below, self.above = image["Size"], 0
        else:
            self.above = max(0, image["Size"] - self.below)

    def _runs(self, short: str) -> None:
        with suppress(NotFound):
            if self.client.inspect_container(short)["Image"] == self.last:
                self.container = short

    def _where(self) -> str:
        steps = self.build.steps
        return steps[self.step - 1] if 0 < self.step <= len(steps) else self.build.dockerfile

    def _tail(self) -> str:
        return "\n".join(self.output)

    def _stop(self) -> None:
        """End the container that runs: the build ends with it."""
        if self.container:
            with suppress(APIError):
                self.client.kill(self.container)

    def clean(self) -> None:
        """Remove everything that the build left, the image by its name first."""
        if self.container:
            with suppress(APIError):
                self.client.remove_container(self.container, v=True, force=True)
        for name in (self.build.name, *reversed(self.made)):
            try:
                self.client.remove_image(name)
            except NotFound:
                pass
            except APIError:
                continue
            self.forget(name)
