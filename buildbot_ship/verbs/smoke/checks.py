"""The checks of a smoke test, while its containers run."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ClassVar, Protocol

import attrs

from ...daemon.interface import RunningServices, Service, ServiceState
from ...errors import SmokeTestFailed
from ...model.request import SmokeCheck
from ...model.request.smoke import split_url
from ...model.secrets.cut_text import shorten_start

MARGIN, PROBE_MARGIN = 2.0, 20.0
"""Seconds after the deadline in which a check reports why it failed.

The probe begins with its container, which on a busy machine is later than the test.
"""
PAUSE = 0.2
"""Seconds between two attempts of a command."""
QUOTED = 400
"""Characters of a command's output in a message."""


class PendingCheck(Protocol):
    """A check that has not passed yet; *title* describes it in messages.

    It gives the reason itself at the latest *margin* seconds after the deadline.
    """

    @property
    def margin(self) -> float:
        """Return these seconds."""

    @property
    def title(self) -> str:
        """Return what is checked."""

    @property
    def container(self) -> str:
        """Return the container that is checked."""

    def poll(self) -> bool:
        """Return true if the check has passed.  Raises SmokeTestFailed."""


@attrs.frozen
class BackgroundCheck:
    """A check that a thread repeats; *future* returns why it failed, or None."""

    container: str
    title: str
    future: Future[str | None]
    margin: float = MARGIN

    def poll(self) -> bool:
        """Return true if it has passed.  Raises SmokeTestFailed, and errors of the engine."""
        if not self.future.done():
            return False
        if (why := self.future.result()) is not None:
            raise SmokeTestFailed(self.container, f"{self.title}: {why}")
        return True


@attrs.frozen
class ExitCheck:
    """The check that a container ends by itself."""

    container: str
    check: SmokeCheck
    state: Callable[[], ServiceState]
    log: Callable[[], str]
    margin: ClassVar[float] = 0.0

    @property
    def title(self) -> str:
        """Return what is checked."""
        return str(self.check)

    def poll(self) -> bool:
        """Return true if it has passed.  Raises SmokeTestFailed."""
        state = self.state()
        if state.running:
            return False
        name, expected = self.container, self.check.expected_status
        if state.exit_status != expected:
            why = f"{name} ended with status {state.exit_status}; the check expects {expected}"
            raise SmokeTestFailed(name, why)
        if self.check.text not in self.log():
            why = f"{name} ended, but its log lacks the text {self.check.text!r}"
            raise SmokeTestFailed(name, why)
        return True


def host_of(check: SmokeCheck) -> str:
    """Return the container that the URL of *check* names."""
    return str(split_url(str(check.url)).hostname)


def answer(run_probe: Callable[[], dict[str, Any]], number: int) -> str | None:
    """Return why the check with this number in the probe failed, or None."""
    found = run_probe()["answers"][number]
    return None if found["passed"] else str(found["why"])


def repeat_command(
    check: SmokeCheck,
    command: tuple[str, ...],
    service: Service,
    running: RunningServices,
    deadline: float,
) -> str | None:
    """Run *command* in a service until it passes *check*; return None.

    Return why it failed if *deadline* seconds are over.
    """
    end = time.monotonic() + deadline
    while True:
        status, output = running.execute(service, command)
        why = _fault(check, status, output)
        if why is None or time.monotonic() + PAUSE > end:
            return why
        time.sleep(PAUSE)


def _fault(check: SmokeCheck, status: int, output: str) -> str | None:
    text = shorten_start(" ".join(output.split()), QUOTED)
    shown = f": {text}" if text else ""
    if status != check.expected_status:
        return (
            f"it ended with status {status}; the check expects {check.expected_status}{shown}"
        )
    if check.text not in output:
        return f"its output lacks the text {check.text!r}{shown}"
    return None


def health_command(health_check: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the command of an image's health check, or None if it has none.

    The format is that of ``Healthcheck.Test`` in https://docs.docker.com/reference/api/engine/.
    """
    kind, *words = health_check or ("NONE",)
    if kind == "CMD" and words:
        return tuple(words)
    if kind == "CMD-SHELL" and words:
        return ("/bin/sh", "-c", words[0])
    return None
