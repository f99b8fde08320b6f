"""The commands and files of docs/run start, connect and stop the two shipped images."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker.errors
import pytest
from lab.compose import docker_config
from lab.ports import free_port
from lab.runs import Run
from lab.waiting import wait_until

import docker
from tests.article.conftest import USER, Shipped
from tests.article.pages import FILES, Player, endings

SERVICES = {"remotemath": "--port=tcp:8080", "fancycalculator": "--listen=tcp:8080"}
STOP_SECONDS = 5.0
"""Docker kills after ten seconds."""
LOOK = """
import json, os, socket
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status"))
def writes(path):
    try:
        open(path, "w").close()
    except OSError as error:
        return error.strerror
names = ("remotemath", "fancycalculator")
print(json.dumps({
    "user": os.getuid(), "capabilities": int(status["CapBnd"], 16), "root": writes("/file"),
    "key": open("/run/secrets/ship-key").read(), "writes key": writes("/run/secrets/ship-key"),
    "names": [socket.gethostbyname(name) for name in names],
}))
"""


@pytest.fixture
def player(shipped: Shipped, tmp_path: Path) -> Player:
    """A folder with the files, where commands run."""
    shutil.copytree(FILES, tmp_path / "run")
    return Player("", tmp_path / "run", shipped, free_port(0))


@pytest.fixture
def on_docker(player: Player, client: docker.DockerClient) -> Iterator[Player]:
    yield replace(player, page="docker.md")
    for name in SERVICES:
        _remove(client.containers, name, force=True)
    _remove(client.networks, "calculator")


@pytest.fixture
def on_compose(player: Player, lab_run: Run) -> Iterator[Player]:
    player = replace(player, page="compose.md", environment=docker_config(lab_run.cache))
    yield player
    player.attempt("Stop")


@pytest.fixture
def on_swarm(player: Player, client: docker.DockerClient) -> Iterator[Player]:
    """A swarm of one node; ends with the test, unless the machine had one before."""
    player = replace(player, page="swarm.md")
    active = client.info()["Swarm"]["LocalNodeState"] != "inactive"
    networks = {str(network.id) for network in client.networks.list()}
    if not active:
        player.run("Create a swarm")
    yield player
    player.attempt("Stop")
    if not active:
        client.swarm.leave(force=True)
        for network in client.networks.list(names=["docker_gwbridge"]):
            if network.id not in networks:
                network.remove()


def test_plain_docker(on_docker: Player, client: docker.DockerClient) -> None:
    done = on_docker.attempt("Start", SHIP_KEY=str(on_docker.folder / "missing"))
    assert done.returncode != 0
    assert "bind source path does not exist" in done.stderr
    client.networks.get("calculator").remove()
    on_docker.run("Start")
    containers = {name: client.containers.get(name) for name in SERVICES}
    assert on_docker.run("Ask") == "Result:12"
    check_containers(containers, on_docker.shipped)
    stop(on_docker, client, containers)


def test_compose(on_compose: Player, client: docker.DockerClient) -> None:
    check_missing_variables(on_compose, "REMOTEMATH", "FANCYCALCULATOR", "SHIP_KEY")
    on_compose.run("Start")
    label = "com.docker.compose.service"
    containers = by_label(client, label, {name: name for name in SERVICES})
    assert health(containers) == {"healthy"}
    assert on_compose.run("Ask") == "Result:12"
    check_containers(containers, on_compose.shipped)
    stop(on_compose, client, containers)


@pytest.mark.long
def test_swarm(on_swarm: Player, client: docker.DockerClient) -> None:
    check_missing_variables(on_swarm, "REMOTEMATH")
    on_swarm.run("Start")
    assert on_swarm.run("Ask") == "Result:12"
    label = "com.docker.swarm.service.name"
    services = {name: f"calculator_{name}" for name in SERVICES}
    containers = by_label(client, label, services)
    wait_until(lambda: health(containers) == {"healthy"}, 30, "health of the services")
    check_containers(containers, on_swarm.shipped)
    stop(on_swarm, client, containers)
    assert client.services.list() == []


def check_missing_variables(player: Player, *names: str) -> None:
    for name in names:
        done = player.attempt("Start", **{name: ""})
        assert done.returncode != 0
        assert f"set {name} to " in done.stderr
    player.attempt("Stop")


def by_label(client: docker.DockerClient, label: str, values: dict[str, str]) -> dict[str, Any]:
    """Return the one container of each service."""
    found = {}
    for name, value in values.items():
        filters: dict[str, Any] = {"label": f"{label}={value}"}
        (found[name],) = client.containers.list(filters=filters)
    return found


def health(containers: dict[str, Any]) -> set[str]:
    for container in containers.values():
        container.reload()
    return {each.attrs["State"]["Health"]["Status"] for each in containers.values()}


def check_containers(containers: dict[str, Any], shipped: Shipped) -> None:
    """Check images, arguments, names, the key, and that nothing is writable or privileged."""
    addresses = []
    for name, container in containers.items():
        assert container.attrs["Config"]["Image"] == getattr(shipped, name)
        entry_point = container.image.attrs["Config"]["Entrypoint"]
        command = [container.attrs["Path"], *container.attrs["Args"]]
        assert command == [*entry_point, SERVICES[name]]
        status, output = container.exec_run(["python", "-c", LOOK])
        assert status == 0, output
        looked = json.loads(output)
        addresses.append(looked.pop("names"))
        assert looked == {
            "user": USER,
            "capabilities": 0,
            "root": "Read-only file system",
            "key": shipped.key.read_text(),
            "writes key": looked["writes key"],
        }
        assert looked["writes key"] in {"Read-only file system", "Permission denied"}
    own = [addresses_of(container) for container in containers.values()]
    for seen in addresses:
        assert all(address in theirs for address, theirs in zip(seen, own, strict=True))


def addresses_of(container: Any) -> set[str]:
    container.reload()
    networks = container.attrs["NetworkSettings"]["Networks"].values()
    return {network["IPAddress"] for network in networks}


def stop(player: Player, client: docker.DockerClient, containers: dict[str, Any]) -> None:
    """Run the commands of *Stop*: SIGTERM ends the containers, and nothing is left."""
    since, ids = time.time(), [container.id for container in containers.values()]
    player.run("Stop")
    wait_until(lambda: not existing(client, ids), 30, "removal of the containers")
    for ended in endings(client, ids, since).values():
        assert ended.signals == ["15"]
        assert ended.status in {0, 128 + signal.SIGTERM}
        assert ended.seconds < STOP_SECONDS
    names = {network.name for network in client.networks.list()}
    assert not {name for name in names if name and name.startswith("calculator")}


def existing(client: docker.DockerClient, ids: list[str]) -> set[str]:
    return {str(each.id) for each in client.containers.list(all=True)} & set(ids)


def _remove(collection: Any, name: str, **options: Any) -> None:
    try:
        collection.get(name).remove(**options)
    except docker.errors.NotFound:
        return
