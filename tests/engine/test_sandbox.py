"""What the engine holds of every container that a build starts: limits, privileges, user."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import attrs
import docker.errors
import pytest

import docker
from buildbot_ship.model.request.settings import Limits
from tests.repository import OWNER

from .conftest import Repository, left_behind

CHAIN = ("--package", ".", "--pex", "tiny.pex=tiny", "--script", "tiny", "--image", "tiny")
LIMITS = Limits()
GIB = 1024**3


@attrs.define(slots=False)
class Watch:
    """Every container with the label of a repository's worker, inspected when it starts."""

    client: docker.DockerClient
    repository: Repository
    found: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    seen: threading.Condition = attrs.field(factory=threading.Condition)

    def follow(self, events: Any) -> None:
        for event in events:
            try:
                container = self.client.api.inspect_container(event["id"])
            except docker.errors.NotFound:
                continue
            kind = container["Name"].removeprefix("/ship-").rpartition("-")[0]
            with self.seen:
                self.found[kind] = container
                self.seen.notify_all()

    def wait_for(self, kind: str) -> None:
        with self.seen:
            assert self.seen.wait_for(lambda: kind in self.found, 60), self.found


@pytest.fixture
def watch(client: docker.DockerClient, repository: Repository) -> Iterator[Watch]:
    watching = Watch(client, repository)
    filters = {"type": "container", "event": "start", "label": OWNER}
    events = client.events(decode=True, filters=filters)
    thread = threading.Thread(target=watching.follow, args=(events,), daemon=True)
    thread.start()
    yield watching
    events.close()
    thread.join(10)
    assert left_behind(client, repository) == []


def test_every_container_of_a_build_is_locked_up_and_within_limits(
    watch: Watch, repository: Repository, bases: Any
) -> None:
    # A base that no tools image exists for, as far as the engine knows.
    name = "tests.local/sandbox:1"
    watch.client.images.pull(bases.full.reference)
    made = watch.client.api.create_container(bases.full.reference, ["true"])
    watch.client.api.commit(made, repository="tests.local/sandbox", tag="1", conf={})
    watch.client.api.remove_container(made)
    try:
        hardening = repository.start("harden", "--package", ".")
        watch.wait_for("harden")
        hardening.send_signal(signal.SIGTERM)
        hardening.communicate(timeout=30)
        repository.succeed("wheels", "--package", ".", "--no-cache")
        repository.succeed("build", *CHAIN, "--no-cache")
        repository.succeed("smoke", "--container", "tiny", "--exits", "--text", "tiny")
        (repository.folder / "build.docker").write_text(f"FROM {name}\n")
        making = repository.start("harden", "--package", ".")
        watch.wait_for("tools")
        making.send_signal(signal.SIGTERM)
        making.communicate(timeout=30)
        repository.succeed("gc")
    finally:
        watch.client.images.remove(name)
    assert {"harden", "fetch", "wheels", "standby", "tools", "smoke"} <= {*watch.found}
    for kind, container in watch.found.items():
        check(kind, container)


def check(kind: str, container: dict[str, Any]) -> None:
    """See that a container has every limit and no privilege."""
    host, config = container["HostConfig"], container["Config"]
    # No capability, no new privileges, no host path, no device, no name space of the host.
    assert host["CapDrop"] == ["ALL"], kind
    assert host["CapAdd"] in (None, []), kind
    assert host["SecurityOpt"] == ["no-new-privileges"], kind
    assert not host["Privileged"], kind
    assert host["Binds"] in (None, []), kind
    assert {mount["Type"] for mount in container["Mounts"]} <= {"tmpfs"}, kind
    assert host["Devices"] in (None, []), kind
    assert (host["PidMode"], host["UTSMode"]) == ("", ""), kind
    assert host["IpcMode"] == "private", kind
    assert host["NetworkMode"] != "host", kind
    # Every limit, and memory without swap.
    assert host["Memory"] == host["MemorySwap"] == LIMITS.memory, kind
    assert host["PidsLimit"] == LIMITS.processes, kind
    assert host["CpuQuota"] == LIMITS.cpus * host["CpuPeriod"], kind
    ulimits = {each["Name"]: (each["Soft"], each["Hard"]) for each in host["Ulimits"]}
    assert ulimits == {
        "nofile": (LIMITS.open_files, LIMITS.open_files),
        "fsize": (LIMITS.disk, LIMITS.disk),
    }, kind
    # Root only where nobody else's code runs, and the network only where it is needed.
    assert host["ReadonlyRootfs"] == (kind == "smoke"), kind
    online = kind in ("fetch", "harden", "tools", "smoke")
    assert config.get("NetworkDisabled", False) != online, kind
    if kind != "smoke":
        assert config["User"] == ("0:0" if kind == "tools" else "65534:65534"), kind
    assert not any("hunter2" in value for value in config["Env"] or ()), kind
