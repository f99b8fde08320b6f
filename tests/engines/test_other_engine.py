"""The second engine comes and goes, and leaves the machine as it was."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab.engine import engine_answers
from lab.errors import LabError
from lab.other_engine import OtherEngine
from lab.processes import Process, recorded
from lab.runs import Run

import docker

if TYPE_CHECKING:
    from lab.bases import Bases

log = logging.getLogger("lab")


@pytest.fixture
def run(lab_run: Run) -> Iterator[Run]:
    """A run beside the session's."""
    run = Run.begin("other", log.info, lab_run.cache)
    yield run
    run.end()


@pytest.fixture
def other(run: Run) -> OtherEngine:
    other = OtherEngine(run, "overlay2")
    other.start()
    return other


def traces(other: OtherEngine) -> list[str]:
    """Return what shows on this machine that *other* was here, its folder left out."""
    commands = (["iptables", "-S"], ["iptables", "-t", "nat", "-S"], ["ip", "-o", "link"])
    lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    for command in commands:
        lines += subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.splitlines()
    lines += map(str, Path("/sys/fs/cgroup").glob(f"*/{other.bridge}"))
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        lines += [f"{process}: {words}"] if str(other.folder) in " ".join(words) else []
    marks = (other.bridge, str(other.folder))
    return [line for line in lines if any(mark in line for mark in marks)]


def start_container(other: OtherEngine, bases: Bases) -> None:
    client = docker.DockerClient(other.address)
    client.images.pull(bases.slim.reference)
    client.containers.run(bases.slim.reference, ["sleep", "600"], init=True, detach=True)
    client.close()


def test_a_killed_engine_leaves_no_trace_and_comes_back_with_its_images(
    other: OtherEngine, bases: Bases
) -> None:
    start_container(other, bases)
    assert traces(other) != []
    other.kill()
    assert not engine_answers(other.address)
    assert traces(other) == []
    other.start()
    client = docker.DockerClient(other.address)
    assert client.images.get(bases.slim.reference)
    (container,) = client.containers.list(all=True)
    assert container.status == "exited"
    client.close()
    other.stop()
    assert traces(other) == []


@pytest.mark.long
def test_the_engine_of_an_interrupted_run_goes_with_it(
    run: Run, other: OtherEngine, bases: Bases
) -> None:
    start_container(other, bases)
    assert [process.name for process in recorded(run.folder)] == [other.name]
    run.end()
    assert traces(other) == []
    assert not run.folder.exists()


def test_an_engine_that_does_not_start_leaves_no_trace_and_shows_its_log(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "lab.other_engine.configuration", lambda storage, bridge: {"nonsense": True}
    )
    other = OtherEngine(run, "overlay2")
    with pytest.raises(LabError, match="nonsense"):
        other.start()
    assert isinstance(other.process, Process)
    assert traces(other) == []


def test_the_machines_own_engine_is_not_disturbed(other: OtherEngine, bases: Bases) -> None:
    first = docker.from_env()
    first.images.pull(bases.slim.reference)
    reach = ["python3", "-c", "import socket; socket.gethostbyname('localhost'); print('up')"]
    assert first.containers.run(bases.slim.reference, reach, remove=True) == b"up\n"
    other.stop()
    assert first.containers.run(bases.slim.reference, reach, remove=True) == b"up\n"
    first.close()
