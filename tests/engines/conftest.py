"""The machine's engine, and newer ones of two versions.

The classic store is compared on the oldest and the newest version.  So is the containerd store,
whose oldest version cannot push an index of several platforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab.engine import Engine, engine_host
from lab.other_engine import OtherEngine
from lab.other_root import NEWER, OLDER
from lab.runs import Run

import docker
from tests.alone import is_alone

FIRST = "the machine's"
NEWEST_CLASSIC, OLD_CONTAINERD, NEWEST_CONTAINERD = (
    "28 classic",
    "26 containerd",
    "28 containerd",
)
OTHERS = {
    NEWEST_CLASSIC: (NEWER, "overlay2"),
    OLD_CONTAINERD: (OLDER, "containerd"),
    NEWEST_CONTAINERD: (NEWER, "containerd"),
}
"""The suite and the storage of each other engine."""
NAMES = (FIRST, *OTHERS)
BESIDE_OTHERS = (FIRST, NEWEST_CONTAINERD)
"""The engines of a run of several groups: the two that differ most."""


@dataclass(frozen=True)
class Host:
    """An engine; *address* is what DOCKER_HOST says."""

    name: str
    address: str
    client: docker.DockerClient


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of the engines that do not run."""
    names = names_of(config)
    out = [item for item in items if _host_of(item) not in names]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if _host_of(item) in names]


def names_of(config: pytest.Config) -> Sequence[str]:
    """Return the engines of this run."""
    return NAMES if is_alone(config, "engines") else BESIDE_OTHERS


def _host_of(item: pytest.Item) -> str:
    """Return the engine that an item is for: the machine's, if it names none."""
    fixtures = getattr(item, "callspec", None)
    if fixtures is None or not item.path.is_relative_to(Path(__file__).parent):
        return FIRST
    return str(fixtures.params.get("host", FIRST))


@pytest.fixture(scope="session")
def others(
    engine: Engine, lab_run: Run, pytestconfig: pytest.Config
) -> Iterator[dict[str, OtherEngine]]:
    """The newer engines by name."""
    engines = {
        name: OtherEngine(lab_run, storage, suite=suite)
        for name, (suite, storage) in OTHERS.items()
        if name in names_of(pytestconfig)
    }
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(OtherEngine.start, engines.values()))
        yield engines
    finally:
        for other in engines.values():
            other.kill()


@pytest.fixture(scope="session")
def hosts(others: dict[str, OtherEngine]) -> Iterator[dict[str, Host]]:
    """All engines by name."""
    found = {FIRST: engine_host()} | {name: each.address for name, each in others.items()}
    hosts = {
        name: Host(name, address, docker.DockerClient(address, timeout=300))
        for name, address in found.items()
    }
    yield hosts
    for host in hosts.values():
        host.client.close()


@pytest.fixture(scope="session", params=NAMES)
def host(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Any:
    """Each engine in turn."""
    return hosts[request.param]
