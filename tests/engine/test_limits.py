"""What bounds the code of other people: a setup.py, or a RUN line, that uses without end."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from lab.tiny import SETUP

import docker
from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.interface import Job
from buildbot_ship.errors import LimitExceeded
from buildbot_ship.model.request.settings import Limits
from tests.repository import copy_of

from .conftest import Repository, left_behind
from .yard import Yard

MIB = 1024**2
LIMIT = 64
WHEELS = ("wheels", "--package", ".", "--disk", str(LIMIT))
PAST = "exceeded the limit of 67108864 bytes on disk"
WRITE = """
import os, sys, time
def write(where):
    for number in range(100_000):
        with open(where.format(number), "ab") as file:
            file.write(bytes(1 << 20))
        print("MIB", number, file=sys.stderr, flush=True)
        time.sleep(0.02)
"""
ENDLESS = {
    "one file": "write('/tmp/one')",
    "many files": "os.mkdir('/tmp/many'); write('/tmp/many/{}')",
    "a file that is removed again": """
try:
    write('/tmp/one')
finally:
    os.unlink('/tmp/one')
""",
    "who takes no notice": """
while True:
    for name in range(100):
        try:
            with open(f'/tmp/deaf-{name}', 'ab') as file:
                file.write(bytes(1 << 20))
        except OSError:
            pass
    time.sleep(0.05)
""",
    "what goes on behind": """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.mkdir('/tmp/behind')
        write('/tmp/behind/{}')
time.sleep(600)
""",
    "a hole in a file": "os.truncate(os.open('/tmp/hole', os.O_CREAT | os.O_RDWR), 1 << 40)",
    "another folder": "write('/var/tmp/one')",
}
"""Code of a setup.py that would fill a disk."""


@pytest.fixture(scope="module")
def house(
    hardened: Repository,
    warm_cache: Path,
    bases: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Repository:
    """A repository whose worker has fetched and built what others made."""
    repository = copy_of(hardened, tmp_path_factory.mktemp("limits"), bases, warm_cache)
    repository.succeed(*WHEELS)
    return repository


@pytest.fixture(autouse=True)
def _nothing_stays(house: Repository, client: docker.DockerClient) -> Iterator[None]:
    before = volumes(client)
    yield
    assert left_behind(client, house) == []
    assert volumes(client) <= before


def volumes(client: docker.DockerClient) -> set[str]:
    return {volume["Name"] for volume in client.api.volumes()["Volumes"] or ()}


def set_up(house: Repository, head: str) -> None:
    """Let the setup.py begin with *head*."""
    (house.folder / "setup.py").write_text(f"{head}\n{SETUP}")
    house.commit()


@pytest.mark.row(42)
@pytest.mark.parametrize("what", ENDLESS)
def test_who_writes_without_end_is_stopped(house: Repository, what: str) -> None:
    set_up(house, WRITE + ENDLESS[what])
    said = house.ship(*WHEELS)
    assert said.status == 25, said.output
    assert PAST in said.failure["message"]
    assert said.failure["remedy"].endswith("raise the option disk")
    written = [int(number) for number in re.findall(r"MIB (\d+)", said.output)]
    # It writes 50 MiB a second at the most: a look each second, and what that takes.
    assert max(written, default=0) < LIMIT + 300
    assert list(house.work.glob("scratch-*")) == []


USED = """
import os, tempfile
# Two hooks of a backend run at once.
hole = f'/tmp/hole-{os.getpid()}'
os.truncate(os.open(hole, os.O_CREAT | os.O_RDWR), 20 << 20)
os.unlink(hole)
for number in range(10):
    with tempfile.TemporaryFile() as file:
        file.write(bytes(20 << 20))
try:
    for number in range(2):
        with open(f'/dev/shm/{os.getpid()}-{number}', 'wb') as file:
            file.write(bytes(40 << 20))
except OSError as error:
    print('SHM', error, flush=True)
"""


def test_what_is_given_back_does_not_count(house: Repository) -> None:
    set_up(house, USED)
    said = house.ship(*WHEELS)
    assert said.status == 0, said.output
    assert "SHM [Errno 28] No space left on device" in said.output


def test_a_volume_of_the_base_is_in_memory_and_bounded(house: Repository, yard: Yard) -> None:
    base = yard.build(f"FROM {yard.base}\nRUN mkdir /data\nVOLUME /data /srv/more\n")
    engine = Engine(yard.ledger, time.time, dict(os.environ))
    engine.prepare_container(lambda: Job("compress", base, {}, limits=Limits(disk=LIMIT * MIB)))
    try:
        waiting = container_of(base, yard.client)
        mounts = waiting.exec_run(["cat", "/proc/mounts"]).output.decode()
    finally:
        engine.close()
    for folder in ("/data", "/srv/more"):
        assert re.search(rf"^tmpfs {folder} tmpfs rw,.*size=65536k", mounts, re.M)
        assert not re.search(rf" {folder} tmpfs .*noexec", mounts)


def container_of(image: str, client: docker.DockerClient) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for found in client.containers.list(filters={"ancestor": image}):
            return found
        time.sleep(0.05)
    raise AssertionError(f"no container of {image} runs")


def test_hardening_is_within_the_limits(house: Repository) -> None:
    set_up(house, WRITE + ENDLESS["many files"])
    said = house.ship("harden", "--package", ".", "--disk", str(LIMIT))
    assert said.status == 25, said.output
    assert PAST in said.failure["message"]


def test_a_line_of_a_dockerfile_that_writes_without_end_is_stopped(yard: Yard) -> None:
    endless = "while true; do head -c 1000000 /dev/zero >> /x$(date +%s); sleep 0.01; done"
    small: Any = attrs.evolve(yard, limits=Limits(disk=LIMIT * MIB))
    with pytest.raises(LimitExceeded, match="67108864 bytes on disk") as caught:
        small.ship(f"FROM {yard.base}\nRUN true\nRUN {endless}\n")
    assert caught.value.option == "disk"


def test_lines_of_a_dockerfile_count_together(yard: Yard) -> None:
    text = "RUN head -c 30000000 /dev/zero > /{}\n"
    small: Any = attrs.evolve(yard, limits=Limits(disk=LIMIT * MIB))
    lines = "".join(text.format(uuid.uuid4().hex) for _ in range(4))
    with pytest.raises(LimitExceeded, match="67108864 bytes on disk"):
        small.ship(f"FROM {yard.base}\n{lines}")
