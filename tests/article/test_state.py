"""docs/run/state.md is played: upgraded, rolled back, killed and restored, nothing is lost."""

from __future__ import annotations

import io
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ContainerError
from lab.ports import free_port

import docker

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "run" / "state.md"
VOLUMES = ("notes-data", "notes-restored", "notes-backup")
KILLS = 4
# Process 1 is the launcher; it cannot be killed from within its container.
KILL_THE_APPLICATION = """\
import os
for process in open("/proc/1/task/1/children").read().split():
    os.kill(int(process), 9)
"""
HARDENED: dict[str, Any] = {"read_only": True, "cap_drop": ["ALL"], "network_mode": "none"}


class Shell:
    """One shell that runs the blocks of the page, section by section."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Start the shell in *folder*."""
        self.sections = dict(
            re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
        )
        self.played: set[str] = set()
        self.process = subprocess.Popen(
            ["sh", "-eu"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def play(self, heading: str) -> str:
        """Run every block of a section; return the output."""
        self.played.add(heading)
        blocks = re.findall(r"^```sh\n(.*?)^```$", self.sections[heading], re.S | re.M)
        assert blocks, f"{heading} has no block"
        return self.run("\n".join(blocks))

    def run(self, script: str) -> str:
        """Run a script; return the output, or fail with it."""
        end = f"end of {len(script)} characters"
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{{\n{script}\n}} </dev/null\necho '{end}'\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            if line.strip() == end:
                return "".join(lines)
            lines.append(line)
        raise AssertionError("".join(lines))


@dataclass
class Writer:
    """A client that stores notes one after the other, each until it is acknowledged."""

    port: int
    acknowledged: int = 0
    faults: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Start to write."""
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self) -> None:
        while not self.stopping.is_set():
            number = self.acknowledged
            try:
                status = put(self.port, f"n{number:06}", f"note {number}")
            except (OSError, HTTPException):
                time.sleep(0.02)
                continue
            if status == 201:
                self.acknowledged += 1
            else:
                self.faults.append(f"{number}: {status}")

    def wait_for(self, more: int) -> None:
        """Wait until *more* notes than now are acknowledged."""
        goal, deadline = self.acknowledged + more, time.monotonic() + 20
        while self.acknowledged < goal:
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join()


def put(port: int, key: str, text: str) -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("PUT", f"/notes/{key}", text)
        response = connection.getresponse()
        response.read()
        return response.status


def notes(port: int) -> dict[str, dict[str, Any]]:
    """Return all notes of the running service by key."""
    for _ in range(100):
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/notes")
                found = json.load(connection.getresponse())
                return {note["key"]: note for note in found}
        except (OSError, HTTPException):
            time.sleep(0.1)
    raise AssertionError("the service does not answer")


def numbers(keys: Any) -> list[int]:
    """Return the numbers of the notes of a Writer."""
    return sorted(int(key[1:]) for key in keys if re.fullmatch(r"n\d{6}", key))


def backed_up(client: docker.DockerClient, image: str, folder: Path) -> list[int]:
    """Return the numbers of the notes in the backup, after a check of the whole file."""
    container = client.containers.create(image, volumes=["notes-backup:/backup"])
    try:
        packed = b"".join(container.get_archive("/backup/notes.sqlite3")[0])
    finally:
        container.remove()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("notes.sqlite3")
        assert member is not None
        copy = folder / "copy.sqlite3"
        copy.write_bytes(member.read())
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return numbers(key for (key,) in connection.execute("SELECT key FROM notes"))


@pytest.fixture
def shell(
    engine: object,
    example_bases: Any,
    own_registry: Any,
    client: docker.DockerClient,
    tmp_path: Path,
) -> Iterator[Shell]:
    """The shell in which a reader of the page types; nothing is left behind."""
    scripts = tmp_path / "bin"
    scripts.mkdir()
    (scripts / "buildbot-ship").symlink_to(Path(sys.executable).parent / "buildbot-ship")
    identity = {f"GIT_{who}_NAME": "dev" for who in ("AUTHOR", "COMMITTER")}
    identity |= {f"GIT_{who}_EMAIL": "dev@example.com" for who in ("AUTHOR", "COMMITTER")}
    shell = Shell(
        tmp_path,
        {
            **os.environ,
            **identity,
            "PATH": f"{scripts}:{os.environ['PATH']}",
            "SHIP_SOURCE": str(TOP),
            "REGISTRY": f"{own_registry.address}/state",
            "BUILD_BASE": example_bases.full.reference,
            "RUNTIME_BASE": example_bases.slim.reference,
            "PORT": str(free_port()),
            "BUILDBOT_SHIP_STATE": str(tmp_path / "state"),
        },
    )
    images = {image.id for image in client.images.list()}
    yield shell
    shell.process.kill()
    shell.process.wait()
    for container in client.containers.list(all=True, filters={"name": "^/notes$"}):
        container.remove(force=True)
    for volume in client.volumes.list():
        if volume.name in VOLUMES:
            volume.remove(force=True)
    for image in client.images.list():
        if image.id not in images and any("/state/notes" in name for name in names(image)):
            client.images.remove(str(image.id), force=True)


def names(image: Any) -> list[str]:
    return [*(image.attrs["RepoTags"] or ()), *(image.attrs["RepoDigests"] or ())]


@pytest.mark.long
def test_the_data_survives_what_the_page_does(
    shell: Shell, client: docker.DockerClient, tmp_path: Path
) -> None:
    shell.play("Ship version 1")
    shell.play("Start it")
    port = int(shell.run("echo $PORT"))
    first = shell.run("echo $VERSION_1").strip()
    assert notes(port) == {"milk": {"key": "milk", "text": "buy milk"}}
    limits = client.containers.get("notes").attrs["HostConfig"]
    assert (limits["ReadonlyRootfs"], limits["CapDrop"]) == (True, ["ALL"])

    assert "\n0\n" in shell.play("Upgrade")
    second = shell.run("echo $VERSION_2").strip()
    assert first.partition("@")[0] == second.partition("@")[0]
    assert first != second
    found = notes(port)
    assert found["milk"] == {"key": "milk", "text": "buy milk", "created_at": None}
    assert found["bread"]["created_at"] is not None

    shell.play("Roll back")
    found = notes(port)
    assert set(found) == {"milk", "bread", "cheese"}
    assert {name for note in found.values() for name in note} == {"key", "text"}

    writer = Writer(port)
    try:
        kill_while_it_writes(client, shell, writer)
        before = writer.acknowledged
        shell.play("Back up")
        after = writer.acknowledged
    finally:
        writer.stop()
    assert writer.faults == []
    assert numbers(notes(port)) == list(range(writer.acknowledged))
    saved = backed_up(client, first, tmp_path)
    assert saved == list(range(len(saved)))
    assert before <= len(saved) <= after + 1
    assert before < after

    shell.play("Restore")
    found = notes(port)
    assert numbers(found) == saved
    assert {"milk", "bread", "cheese"} < set(found)
    refuse_what_cannot_work(client, first)
    fill_the_disk(client, first)

    shell.run('docker stop notes; docker rm notes; start "$VERSION_2"')
    assert notes(port)["bread"]["created_at"] is not None
    stopped = client.containers.get("notes")
    stopped.stop()
    stopped.reload()
    assert stopped.attrs["State"]["ExitCode"] == 0
    shell.play("Remove it")
    assert shell.played == {name for name, text in shell.sections.items() if "```sh" in text}
    assert not {volume.name for volume in client.volumes.list()} & set(VOLUMES)


def kill_while_it_writes(client: docker.DockerClient, shell: Shell, writer: Writer) -> None:
    """Kill the service at random moments: in a write and in a start."""
    container, chance = client.containers.get("notes"), random.SystemRandom()
    for round in range(KILLS):
        writer.wait_for(20)
        time.sleep(chance.uniform(0, 0.05))
        container.kill()
        container.reload()
        assert container.attrs["State"]["ExitCode"] == 137
        if round % 2:
            container.start()
            time.sleep(chance.uniform(0.05, 0.5))
            container.kill()
        container.start()
    writer.wait_for(20)
    shell.play("Kill it")
    writer.wait_for(20)
    # The container may end before the process in it that killed the application.
    assert container.exec_run(["python", "-c", KILL_THE_APPLICATION]).exit_code in (0, 137)
    writer.wait_for(20)
    container.reload()
    assert container.attrs["RestartCount"] == 1


def refuse_what_cannot_work(client: docker.DockerClient, image: str) -> None:
    """Start containers whose volumes are wrong; each ends with one line that says so."""
    cases: list[tuple[list[str], dict[str, Any], str]] = [
        ([], {}, "no volume is mounted at /data: start with --volume"),
        (["notes-data:/data:ro"], {}, "mounted read-only: remove :ro"),
        (["notes-restored:/data"], {}, "another container uses /data: stop it first"),
        (
            ["notes-data:/data"],
            {"user": "12345:12345"},
            "user 12345:12345 may not write to /data, which belongs to 65534:65534",
        ),
    ]
    for volumes, options, message in cases:
        with pytest.raises(ContainerError, match=re.escape(message)) as raised:
            client.containers.run(image, volumes=volumes, remove=True, **HARDENED, **options)
        assert raised.value.exit_status == 1
        assert "Traceback" not in str(raised.value.stderr)


def fill_the_disk(client: docker.DockerClient, image: str) -> None:
    """Fill a small volume: a write that has no room is refused, and the others are there."""
    port, text = free_port(), "x" * 60_000
    options = HARDENED | {
        "network_mode": "bridge",
        "detach": True,
        "tmpfs": {"/small": "size=1m,mode=1777"},
        "ports": {"8080/tcp": ("127.0.0.1", port)},
    }
    container: Any = client.containers.run(image, ["--data", "/small"], **options)
    try:
        assert notes(port) == {}
        answers = [put(port, f"n{number:06}", text) for number in range(20)]
        stored = [number for number, status in enumerate(answers) if status == 201]
        assert set(answers) == {201, 503}
        found = notes(port)
        assert numbers(found) == stored
        assert {note["text"] for note in found.values()} == {text}
        assert b"disk is full" in container.logs()
    finally:
        container.remove(force=True)
