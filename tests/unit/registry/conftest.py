from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from buildbot_ship.model.reference import Repository
from buildbot_ship.model.request.settings import Credential
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.http.retry import RetryPolicy
from tests.fakes.http import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@attrs.define
class Setting:
    """A client of one server, its pauses and its lines; nothing really waits."""

    server: Server
    pauses: list[float] = attrs.field(factory=list)
    lines: list[str] = attrs.field(factory=list)
    seconds: float = 0.0

    @property
    def place(self) -> Repository:
        return Repository(self.server.address, "team/app")

    def client(self, *credentials: Credential, **environment: str) -> RegistryClient:
        return RegistryClient(
            credentials,
            environment=environment,
            policy=RetryPolicy(chance=lambda: 0.5),
            sleep=self.pauses.append,
            clock=lambda: self.seconds,
            log=self.lines.append,
        )


@pytest.fixture
def setting(server: Server) -> Setting:
    return Setting(server)


def write_config(folder: Path, **config: object) -> None:
    (folder / "config.json").write_text(json.dumps(config))
