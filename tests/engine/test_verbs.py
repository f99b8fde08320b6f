"""Harden, wheels and pex: what they make, and what they refuse."""

from __future__ import annotations

import json
import os
import re
import socket
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lab.registries import Registry

import docker
from buildbot_ship.model.requirements.build_lock import parse_build_lock
from buildbot_ship.model.requirements.reader import parse_strict
from tests.repository import replace_setup

from .conftest import Repository, left_behind

WHEELS = ("wheels", "--package", ".")
PEX = ("pex", "tiny.pex", "tiny", "--script", "tiny")
LOCK = "requirements.build.txt"
STRICT = "requirements.strict.txt"


def edit(repository: Repository, name: str, old: str, new: str) -> None:
    path = repository.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    repository.commit()


def test_hardening_pins_everything_with_its_hash(hardened: Repository) -> None:
    pins = parse_strict((hardened.folder / STRICT).read_text(), STRICT)
    assert {pin.key for pin in pins} == {"six", "docopt"}
    text = (hardened.folder / STRICT).read_text()
    assert "# via -r requirements.loose.txt" in text
    assert not re.search(r"frozen|index-url|find-links|trusted-host|/ship/", text)


def test_what_building_needs_is_locked_by_sdist_and_package(hardened: Repository) -> None:
    pins = parse_strict((hardened.folder / STRICT).read_text(), STRICT)
    lock = parse_build_lock((hardened.folder / LOCK).read_text(), LOCK)
    (docopt,) = (pin for pin in pins if pin.key == "docopt")
    (sdist,) = (section for section in lock.sections if section.sdist_hash)
    assert sdist.sdist_hash in docopt.hashes
    assert "setuptools" in {pin.key for pin in sdist.pins}
    own = lock.of_package(".")
    assert own is not None
    assert [pin.key for pin in own.pins] == ["setuptools"]


def test_a_loose_file_that_does_not_resolve_changes_nothing(
    repository: Repository, client: docker.DockerClient
) -> None:
    before = (repository.folder / STRICT).read_bytes()
    (repository.folder / "requirements.loose.txt").write_text("six==999\n")
    said = repository.ship("harden")
    assert said.status == 24
    assert said.result["summary"] == "requirements.loose.txt does not resolve"
    assert "six==999" in said.output
    assert (repository.folder / STRICT).read_bytes() == before
    assert left_behind(client, repository) == []


def test_a_loose_file_is_refused_by_line_before_anything_runs(repository: Repository) -> None:
    (repository.folder / "requirements.loose.txt").write_text("six\n-r /etc/passwd\n")
    repository.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    said = repository.ship("harden")
    assert said.status == 13
    assert said.result["summary"].startswith(
        "requirements.loose.txt:2: -r accepts only a file in"
    )
    assert "root:" not in said.output


def test_wheels_are_the_same_bytes_again(repository: Repository, tmp_path: Path) -> None:
    first = repository.succeed(*WHEELS)["texts"]["wheels.txt"]
    elsewhere = ("--work", str(tmp_path / "w"), "--no-cache")
    assert repository.succeed(*WHEELS, *elsewhere)["texts"]["wheels.txt"] == first
    names = {line.split()[1] for line in first.splitlines()}
    assert {"docopt-0.6.2-py2.py3-none-any.whl", "tiny-1.0-py3-none-any.whl"} <= names
    assert {path.name for path in repository.work.joinpath("wheelhouse").iterdir()} == names


def test_a_pex_holds_what_it_needs_and_no_more(repository: Repository) -> None:
    repository.succeed(*WHEELS)
    properties = repository.succeed(*PEX, "--layout", "zipapp")["properties"]
    pex = repository.work / "pex" / "tiny.pex"
    with zipfile.ZipFile(pex) as archive:
        info = json.loads(archive.read("PEX-INFO"))
    held = {name.split("-")[0] for name in info["distributions"]}
    assert held == {"tiny", "six"}
    assert pex.read_bytes().startswith(b"#!/usr/bin/env python3.")
    assert properties["ship_pex_tiny.pex"].startswith("sha256:")


def test_a_changed_wheel_is_taken_anew_and_that_is_said(repository: Repository) -> None:
    repository.succeed(*WHEELS)
    first = repository.succeed(*PEX)["properties"]
    wheel = next((repository.work / "wheelhouse").glob("six-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    said = repository.ship(*PEX, "--no-cache")
    assert said.status == 0
    assert (
        f"{wheel.name} in the work folder is damaged: replacing it from the cache"
        in said.output
    )
    assert said.result["properties"] == first


def test_a_pex_needs_the_wheels_of_its_commit(repository: Repository) -> None:
    repository.succeed(*WHEELS)
    repository.commit()
    said = repository.ship(*PEX)
    assert said.status == 40
    assert "BuildWheels" in said.failure["remedy"]


def test_a_missing_hash_is_refused_by_line(repository: Repository) -> None:
    text = (repository.folder / STRICT).read_text()
    bare = re.sub(r"six==(\S+) \\\n(?:    --hash=\S+(?: \\)?\n)+", r"six==\1\n", text)
    (repository.folder / STRICT).write_text(bare)
    repository.commit()
    said = repository.ship(*WHEELS)
    assert said.status == 13
    assert re.match(
        r"requirements\.strict\.txt:\d+: six==\S+ has no hash", said.result["summary"]
    )


def test_a_hash_that_does_not_match_names_both(repository: Repository) -> None:
    text = (repository.folder / STRICT).read_text()
    wrong = re.sub(
        r"(six==\S+ \\\n)(?:    --hash=\S+(?: \\)?\n)+",
        rf"\1    --hash=sha256:{'0' * 64}\n",
        text,
    )
    (repository.folder / STRICT).write_text(wrong)
    repository.commit()
    said = repository.ship(*WHEELS)
    assert said.status == 24
    assert re.search(
        r"requirements\.strict\.txt:\d+: six==\S+: the index has \S+ with "
        rf"sha256:[0-9a-f]{{64}}, the lock says sha256:{'0' * 64}",
        said.result["summary"],
    )


def test_an_unlocked_build_dependency_is_named(repository: Repository) -> None:
    (repository.folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "incremental"]\n'
        'build-backend = "setuptools.build_meta"\n'
    )
    repository.commit()
    said = repository.ship(*WHEELS)
    assert said.status == 24
    assert "package . needs incremental to build" in said.result["summary"]
    assert "HardenRequirements" in said.failure["remedy"]


SPY = """\
import os, socket
def tried(what):
    try:
        return what() or "done"
    except Exception as error:
        return type(error).__name__
def connect():
    socket.create_connection(("%s", %d), 2)
def call_itself():
    with socket.create_server(("localhost", 0)) as server:
        socket.create_connection(server.getsockname(), 2).close()
found = {
    "socket": os.path.exists("/var/run/docker.sock"),
    "network": tried(connect),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "loopback": tried(call_itself),
    "secret": any("hunter2" in value for value in os.environ.values()),
    "metadata": tried(lambda: socket.create_connection(("169.254.169.254", 80), 2)),
    "names": tried(lambda: socket.getaddrinfo("metadata.google.internal", 80)),
    "ids": [os.getuid(), os.getgid(), os.getgroups()],
    "written": tried(lambda: open("/ship/tools/bin/mine", "w")),
    "privileges": "NoNewPrivs:\\t1" in open("/proc/self/status").read(),
    "capabilities": open("/proc/self/status").read().split("CapEff:")[1].split()[0],
}
os.makedirs("tiny", exist_ok=True)
open("tiny/found.py", "w").write(repr(found))
"""


@pytest.mark.row(35)
def test_a_setup_script_finds_neither_socket_nor_network_nor_secrets(
    repository: Repository,
) -> None:
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))  # noqa: S104  # containers must be able to see it
        listener.listen()
        address = os.environ.get("DOCKER_BRIDGE", "172.17.0.1")
        replace_setup(repository, SPY % (address, listener.getsockname()[1]))
        repository.environment["REGISTRY_PASSWORD"] = "hunter2"
        repository.succeed(*WHEELS)
    with zipfile.ZipFile(next((repository.work / "wheelhouse").glob("tiny-*.whl"))) as wheel:
        found: dict[str, Any] = eval(wheel.read("tiny/found.py"))  # noqa: S307
    for tried in ("network", "metadata", "names"):
        assert found[tried] != "done"
    assert found["ids"] == [65534, 65534, [65534]]
    assert found["written"] == "PermissionError"
    assert found["privileges"]
    assert found == found | {"socket": False, "secret": False}
    # Some builds talk to a server of their own.
    assert found == found | {"interfaces": ["lo"], "loopback": "done"}
    assert int(found["capabilities"], 16) == 0


HUNGRY = "x = bytearray(10**9)\n"
# What is lost here is missed by nobody, and something else might have been made without it.
HUNGRY_CHILD = f"import os\nif os.fork() == 0:\n    {HUNGRY}    os._exit(0)\nos.wait()\n"
MEMORY = "209715200 bytes of memory"
SLEEPY = "import time; time.sleep(600)\n"
FORKS = """
import os, time
while True:
    if os.fork() == 0:
        time.sleep(5)
        os._exit(0)
"""
OPENS = "found = [open('/dev/null') for _ in range(1000)]\n"
FORGER = "open('/proc/1/fd/1', 'wb').write(b'x' * 5000)\n"


@pytest.mark.parametrize(
    ("head", "options", "said"),
    [
        pytest.param(
            *(HUNGRY, ("--memory", "200"), (25, MEMORY)), marks=pytest.mark.row(30), id="memory"
        ),
        pytest.param(
            *(FORKS, ("--processes", "64"), (25, "64 processes")),
            marks=pytest.mark.row(35),
            id="forks without end",
        ),
        pytest.param(OPENS, ("--open-files", "256"), (25, "256 open files"), id="open files"),
        pytest.param(HUNGRY_CHILD, ("--memory", "200"), (25, MEMORY), id="a child's memory"),
        pytest.param(SLEEPY, ("--seconds", "8"), (25, "8 seconds"), id="seconds"),
        pytest.param(FORGER, (), (26, "is not a complete tar"), id="the stream of its files"),
    ],
)
def test_a_build_that_goes_too_far_ends_and_says_where(
    repository: Repository,
    client: docker.DockerClient,
    head: str,
    options: tuple[str, ...],
    said: tuple[int, str],
) -> None:
    replace_setup(repository, head)
    ended = repository.ship(*WHEELS, *options)
    assert ended.status == said[0], ended.output
    assert said[1] in ended.result["summary"]
    assert left_behind(client, repository) == []


TAMPERS = """\
import glob
for wheel in glob.glob("/ship/out/wheelhouse/*.whl"):
    open(wheel, "ab").write(b"x")
"""


def test_a_backend_cannot_replace_a_pinned_wheel(repository: Repository) -> None:
    replace_setup(repository, TAMPERS)
    ended = repository.ship(*WHEELS, "--no-cache")
    assert ended.status == 24, ended.output
    assert "is not the wheel that requirements.strict.txt pins" in ended.result["summary"]


def test_no_socket_says_how_to_mount_it(cold_repository: Repository) -> None:
    cold_repository.environment["DOCKER_HOST"] = "unix:///nowhere.sock"
    said = cold_repository.ship(*WHEELS)
    assert said.status == 20
    assert "unix:///nowhere.sock: the socket does not exist" in said.result["summary"]
    assert "-v /var/run/docker.sock" in said.failure["remedy"]


def test_a_base_that_does_not_exist_is_named(repository: Repository, bases: Any) -> None:
    missing = bases.full.reference.split("@")[0] + "-gone"
    edit(repository, "build.docker", bases.full.reference, missing)
    said = repository.ship(*WHEELS)
    assert said.status == 23
    assert missing in said.result["summary"]
    assert "FROM" in said.failure["remedy"]


def test_a_base_without_python_is_said_so(
    repository: Repository, bases: Any, client: docker.DockerClient, own_registry: Registry
) -> None:
    name = f"{own_registry.address}/tests/empty"
    reference = f"{name}:1"
    empty = repository.folder.parent / "empty.tar"
    with tarfile.open(empty, "w") as archive:
        archive.add(repository.folder / "setup.py", "setup.py")
    client.api.import_image_from_file(str(empty), name, "1")
    try:
        edit(repository, "build.docker", bases.full.reference, reference)
        said = repository.ship(*WHEELS)
        assert said.status == 24, said.output
        assert "has no python3" in said.result["summary"]
        assert left_behind(client, repository) == []
    finally:
        client.images.remove(reference)
