"""The commands that the pages in docs/run show, and what they start."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from tests.article.conftest import Shipped

TOP = Path(__file__).resolve().parents[2]
PAGES = TOP / "docs" / "run"
FILES = TOP / "docker" / "example" / "run"
SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n)*)", re.M)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.S | re.M)


def commands(page: str) -> dict[str, str]:
    """Return the commands of a page by section."""
    sections = SECTION.findall((PAGES / page).read_text(encoding="utf-8"))
    return {title: "\n".join(COMMANDS.findall(text)) for title, text in sections}


@dataclass
class Player:
    """Runs the commands of one page in a folder with the files of docker/example/run."""

    page: str
    folder: Path
    shipped: Shipped
    port: int
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, section: str, **environment: str) -> str:
        """Run the commands of a section; return their standard output."""
        done = self.attempt(section, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, section: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the commands of a section; return how they ended."""
        variables = {
            "REMOTEMATH": self.shipped.remotemath,
            "FANCYCALCULATOR": self.shipped.fancycalculator,
            "SHIP_KEY": str(self.shipped.key),
            "PORT": str(self.port),
        }
        variables |= self.environment | environment
        return run_commands(commands(self.page)[section], self.folder, variables)


def run_commands(
    text: str, folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run shell commands in a folder; a command that fails ends them."""
    return subprocess.run(
        ["sh", "-eu", "-c", text],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True)
class Ended:
    """How containers ended, as the engine reports it: signals, exit status and seconds."""

    signals: list[str]
    status: int
    seconds: float


def endings(client: docker.DockerClient, ids: list[str], since: float) -> dict[str, Ended]:
    """Return how each container ended, from the events of the engine since a time."""
    return {identifier: ending(list(events(client, identifier, since))) for identifier in ids}


def events(
    client: docker.DockerClient, identifier: str, since: float
) -> Iterator[dict[str, Any]]:
    """Return the events of one container, oldest first."""
    filters = {"type": "container", "container": identifier, "event": ["kill", "die"]}
    until = int(time.time()) + 1
    yield from client.events(since=int(since), until=until, decode=True, filters=filters)


def ending(events: list[dict[str, Any]]) -> Ended:
    """Return how a container ended, from its kill and die events."""
    kills = [event for event in events if event["Action"] == "kill"]
    (died,) = (event for event in events if event["Action"] == "die")
    return Ended(
        [event["Actor"]["Attributes"]["signal"] for event in kills],
        int(died["Actor"]["Attributes"]["exitCode"]),
        (died["timeNano"] - kills[0]["timeNano"]) / 1e9,
    )
