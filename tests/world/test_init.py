"""Repositories of the kinds that people have go from ``init`` to an image that answers.

Only the commands that ``init`` prints are run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab.bases import Bases
from lab.debian import MINORS
from lab.engine import Engine
from lab.registries import Registry
from lab.waiting import wait_until

import docker

KINDS = Path(__file__).resolve().parents[1] / "kinds"
LONG = pytest.mark.long
ANSWERS = {
    "flask": {"checkout": (8000, "/", "Ada")},
    "django": {"shop": (8000, "/", "total 42")},
    "fastapi": {"quotes": (8000, "/quotes/3", '{"number":3,"text":"Simple is')},
    "poetry": {"ledger": (8080, "/", "balance 12.30")},
    "monorepo": {
        "parcel-api": (8000, "/", "api knows 1.2 million parcels"),
        "parcel-tracker": (0, "", "tracker knows 1.2 million parcels"),
    },
}
"""What each image of a kind answers: port, path and text.  Without a port, its log has it."""


@dataclass(frozen=True)
class Person:
    """A person with a git identity, `buildbot-ship` and a registry."""

    folder: Path
    registry: str
    upstream: str
    environment: dict[str, str]

    def run(self, *argv: str) -> str:
        """Run a program; return what it says, which is shown if it fails."""
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def commands(said: str) -> str:
    """Return the commands that ``init`` prints from the repository to the registry."""
    found = re.search(r"^Next, in this order:\n\n((?:  .*\n)+)", said, re.M)
    assert found, said
    return found[1]


@pytest.fixture
def person(engine: Engine, bases: Bases, own_registry: Registry, tmp_path: Path) -> Person:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "buildbot-ship").symlink_to(Path(sys.executable).parent / "buildbot-ship")
    name = {f"GIT_{who}_NAME": "dev" for who in ("AUTHOR", "COMMITTER")}
    mail = {f"GIT_{who}_EMAIL": "dev@example.com" for who in ("AUTHOR", "COMMITTER")}
    state = {"BUILDBOT_SHIP_STATE": str(tmp_path / "state")}
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    registry = f"{own_registry.address}/{tmp_path.name.lower()}"
    environment = {**os.environ, **name, **mail, **state, **path}
    return Person(tmp_path / "checkout", registry, bases.prefix, environment)


@contextmanager
def running(reference: str) -> Iterator[Any]:
    """Run a published image as an orchestrator does: read-only, as its own user."""
    client = docker.from_env()
    container = client.containers.run(reference, detach=True, read_only=True, cap_drop=["ALL"])
    try:
        container.reload()
        yield container
    finally:
        container.remove(force=True)
        client.images.remove(reference)
        client.close()


def answers(container: Any, port: int, path: str, text: str) -> None:
    """Wait until a container gives an answer with *text*; without a port, until it says it."""
    container.reload()
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    url = f"http://{network['IPAddress']}:{port}{path}"
    request = urllib.request.Request(url, headers={"Host": "localhost"})

    def answered() -> bool:
        if not port:
            return text in container.logs().decode()
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310
                return text in reply.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return False

    wait_until(answered, 30, "an answer", explain=lambda: str(container.logs().decode()))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("flask", [], id="flask"),
        pytest.param("django", [], id="django", marks=LONG),
        pytest.param("fastapi", [], id="fastapi", marks=LONG),
        pytest.param("poetry", ["--port", "8080"], id="poetry", marks=LONG),
        pytest.param("monorepo", [], id="monorepo", marks=LONG),
    ],
)
def test_a_repository_ships_by_the_commands_that_init_prints(
    kind: str, options: list[str], person: Person
) -> None:
    shutil.copytree(KINDS / kind, person.folder)
    where = ["--registry", person.registry, "--upstream", person.upstream]
    said = person.run("buildbot-ship", "init", *where, "--python", MINORS[0], *options)
    person.run("sh", "-eux", "-c", commands(said))
    commit = person.run("git", "rev-parse", "HEAD").strip()
    assert person.run("git", "status", "--porcelain") == ""
    for image, expected in ANSWERS[kind].items():
        with running(f"{person.registry}/{image}:{commit}") as container:
            answers(container, *expected)
