"""Builds that are told to stop, or killed, or that fail: what they leave in the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import docker
from buildbot_ship.daemon.engine import Engine
from buildbot_ship.model.reference import Repository as ImageRepository
from buildbot_ship.model.request import Envelope, GarbageRequest, WheelsRequest
from buildbot_ship.model.request.wire import envelope_to_json
from buildbot_ship.store.disk_cache import DiskCache
from buildbot_ship.store.ledger import Ledger, read_boot_clock
from buildbot_ship.store.work_folder import Work
from buildbot_ship.verbs.maintenance.gc import WorkerState, gc
from tests.repository import our_images, replace_setup, wait_for_containers

from .conftest import Repository, left_behind, wait_for_container
from .yard import Yard

WHEELS = ("wheels", "--package", ".")
CHAIN = ("build", "--package", ".", "--pex", "tiny.pex=tiny", "--image", "tiny")
"""All verbs in one process, which makes a container ready while another one works."""
SLEEPY = "import time; time.sleep(600)\n"
DEAF = """\
import signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
time.sleep(600)
"""
"""Code that takes no notice of a signal."""


@pytest.mark.parametrize(
    ("head", "call", "script"),
    [
        pytest.param(DEAF, WHEELS, "wheels", marks=pytest.mark.row(31)),
        (SLEEPY, CHAIN, "standby"),
    ],
)
def test_a_build_that_is_told_to_stop_leaves_nothing(
    repository: Repository,
    client: docker.DockerClient,
    head: str,
    call: tuple[str, ...],
    script: str,
) -> None:
    replace_setup(repository, head)
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
    assert repository.succeed("gc", "--dry-run")["properties"]["ship_would_remove"] == []
    assert repository.succeed("gc")["properties"]["ship_removed"] == []
    client.images.pull(bases.slim.reference)
    foreign = client.containers.create(bases.slim.reference, ["true"], labels=labels)
    try:
        process.kill()
        process.communicate(timeout=20)
        plan = repository.ship("gc", "--dry-run")
        assert plan.result["properties"]["ship_would_remove"] == [name]
        assert f"goes   container  {name}  " in plan.output
        assert f"stays  container  {foreign.name}  ?  it has our label, but no" in plan.output
        assert repository.succeed("gc")["properties"]["ship_removed"] == [name]
        assert left_behind(client, repository) == [foreign.name]
        assert repository.succeed("gc")["properties"]["ship_removed"] == []
    finally:
        foreign.remove(force=True)


def test_the_containers_of_a_killed_process_end_by_themselves(
    repository: Repository, client: docker.DockerClient
) -> None:
    replace_setup(repository, DEAF)
    process = repository.start(*WHEELS)
    name = wait_for_container(client, repository, "wheels")
    wait_for_line(process, "building package .")
    process.kill()
    process.communicate(timeout=20)
    assert client.containers.get(name).wait(timeout=20)["StatusCode"] == 137
    assert repository.succeed("gc")["properties"]["ship_removed"] == [name]


def test_a_step_ends_with_the_worker_that_reads_its_output(
    repository: Repository, client: docker.DockerClient, tmp_path: Path
) -> None:
    replace_setup(repository, DEAF)
    request = WheelsRequest(packages=(".",))
    envelope = Envelope(request, "lost", str(repository.work))
    (tmp_path / "request").write_text(json.dumps(envelope_to_json(envelope)))
    options = ["wheels", "--request", "-", "--result", str(tmp_path / "result")]
    with (tmp_path / "request").open() as given:
        step = subprocess.Popen(
            [sys.executable, "-I", "-m", "buildbot_ship", *options],
            cwd=repository.folder,
            env=os.environ | {"BUILDBOT_SHIP_STATE": str(repository.state)},
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    with step:
        wait_for_container(client, repository, "wheels")
        assert step.stdout is not None
        step.stdout.close()
        assert step.wait(timeout=20) == 143
    assert left_behind(client, repository) == []


def wait_for_line(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    assert any(line in each for each in process.stdout), f"it did not print {line}"


@pytest.mark.row(33)
def test_a_build_beside_which_the_collector_runs_all_the_time_succeeds(
    repository: Repository, client: docker.DockerClient
) -> None:
    building = repository.start(*CHAIN, "--no-cache")
    collect = ("gc", "--older-than-hours", "0", "--tools-older-than-days", "0")
    rounds = []
    while building.poll() is None:
        rounds.append(repository.succeed(*collect)["properties"]["ship_removed"])
    output, _ = building.communicate()
    assert building.returncode == 0, output
    assert len(rounds) > 2
    # The build has ended, perhaps in the last round, and nobody holds its image any more.
    assert not any(rounds[:-1])
    last = [*rounds[-1], *repository.succeed(*collect)["properties"]["ship_removed"]]
    assert [name.partition(":")[0] for name in last] == ["ship.local/tiny"]
    assert left_behind(client, repository) == []


@pytest.mark.row(34)
def test_a_name_of_ours_that_somebody_else_took_is_not_removed(
    repository: Repository, client: docker.DockerClient, bases: Any
) -> None:
    repository.succeed(*CHAIN)
    (name,) = {tag for tag in our_images() if tag not in repository.images_before}
    client.images.pull(bases.slim.reference)
    client.images.get(bases.slim.reference).tag(name)
    try:
        plan = repository.ship("gc", "--dry-run")
        assert f"stays  image      {name}  " in plan.output
        assert "it is not the one that we made" in plan.output
        assert name not in repository.succeed("gc")["properties"]["ship_removed"]
        assert client.images.get(name).id == client.images.get(bases.slim.reference).id
    finally:
        client.images.remove(name)


@pytest.mark.row(19)
@pytest.mark.parametrize("days", [-1, 1])
def test_the_clock_jumps_and_nothing_that_is_in_use_goes(yard: Yard, days: int) -> None:
    """An image that another build of this worker has loaded stays, and goes when it is old."""
    names = {"used": 3600.0, "left": 25 * 3600.0}
    yard.client.images.pull(yard.base)
    image = yard.client.images.get(yard.base).id
    now, ledgers = time.time(), yard.folder / f"ledger-{uuid.uuid4().hex}"
    for name, age in names.items():
        ledger = Ledger(ledgers, name, name, partial(aged_clock, age))
        engine = Engine(ledger, lambda: now, dict(os.environ))
        engine.tag(image, ImageRepository("ship.local", name).tagged("1"))
        ledger.close()
    collector = Ledger(ledgers, "other", "other")
    engine = Engine(collector, time.time, dict(os.environ))
    state = WorkerState(collector, Work(yard.folder / "none"), DiskCache(yard.folder / "none"))
    jumped = now + days * 86400
    try:
        done = gc(GarbageRequest(), state=state, daemon=lambda: engine, now=jumped, log=print)
        assert done.properties["ship_removed"] == ["ship.local/left:1"]
        assert engine.image("ship.local/used:1") is not None
    finally:
        engine.remove_image("ship.local/used:1")


def aged_clock(seconds: float) -> tuple[str, float]:
    """Return what the clock of this start of the machine showed *seconds* ago."""
    boot, uptime = read_boot_clock()
    return boot, uptime - seconds


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
