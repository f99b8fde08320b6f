"""Builds that are told to stop, or killed, or that fail: what they leave in the engine."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

import docker
from tests.repository import replace_setup, wait_for_containers

from .conftest import Repository, left_behind, wait_for_container

WHEELS = ("wheels", "--package", ".")
CHAIN = ("build", "--package", ".", "--pex", "tiny.pex=tiny", "--image", "tiny")
"""All verbs in one process, which makes a container ready while another one works."""
SLEEPY = "import time; time.sleep(600)\n"


@pytest.mark.parametrize(("call", "script"), [(WHEELS, "wheels"), (CHAIN, "standby")])
def test_a_build_that_is_told_to_stop_leaves_nothing(
    repository: Repository, client: docker.DockerClient, call: tuple[str, ...], script: str
) -> None:
    replace_setup(repository, SLEEPY)
    process = repository.start(*call)
    wait_for_container(client, repository, script)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 143, output
    assert left_behind(client, repository) == []


@pytest.mark.parametrize("script", ["fetch", "standby"])
def test_a_container_is_taken_away_whose_making_was_not_waited_for(
    repository: Repository, client: docker.DockerClient, script: str
) -> None:
    for _ in range(4):
        process = repository.start(*CHAIN, "--no-cache")
        wait_for_note(repository, script)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 143, output
        assert left_behind(client, repository) == []


def wait_for_note(repository: Repository, script: str) -> None:
    """Return as soon as the ledger says that a container for *script* is about to be made."""
    ledger = repository.state / "ledger"
    deadline = time.monotonic() + 60
    while not any(ledger.glob(f"*ship-{script}-*.json")):
        assert time.monotonic() < deadline, f"no container for {script} was noted"


def test_the_collector_takes_what_a_killed_build_left_and_nothing_else(
    repository: Repository, client: docker.DockerClient, bases: Any
) -> None:
    replace_setup(repository, SLEEPY)
    process = repository.start(*WHEELS)
    name = wait_for_container(client, repository, "wheels")
    labels = client.containers.get(name).labels
    assert repository.succeed("gc")["properties"]["ship_removed"] == []
    client.images.pull(bases.slim.reference)
    foreign = client.containers.create(bases.slim.reference, ["true"], labels=labels)
    try:
        process.kill()
        process.communicate(timeout=20)
        assert repository.succeed("gc")["properties"]["ship_removed"] == [name]
        assert left_behind(client, repository) == [foreign.name]
        assert repository.succeed("gc")["properties"]["ship_removed"] == []
    finally:
        foreign.remove(force=True)


def test_the_collector_takes_the_container_that_waits_as_well(
    repository: Repository, client: docker.DockerClient
) -> None:
    replace_setup(repository, SLEEPY)
    process = repository.start(*CHAIN)
    names = wait_for_containers(client, repository, "standby", 2)
    process.kill()
    process.communicate(timeout=20)
    assert sorted(repository.succeed("gc")["properties"]["ship_removed"]) == sorted(names)
    assert left_behind(client, repository) == []


def test_a_chain_that_fails_takes_the_container_that_waited_away(
    repository: Repository, client: docker.DockerClient
) -> None:
    replace_setup(repository, "import time; time.sleep(3); raise SystemExit('no')\n")
    said = repository.ship(*CHAIN)
    assert said.status == 24, said.output
    assert left_behind(client, repository) == []
