"""Package indexes that changed or are slow, and huge commits: rows 21, 22, 26 and 29."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from lab.git_server import git
from lab.settings import host_index_url

from tests.fakes.raw_http import Connection, RawServer, raw_server

from .scene import Scene
from .test_engine import with_setup

STRICT = "requirements.strict.txt"
REAL_INDEX = (host_index_url() or "https://pypi.org/simple").rstrip("/")
PIN = re.compile(r"^(six==(\S+)) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)
WARNINGS = 1
NOBODYS = "0" * 64
MIB = 1 << 20


def strict_file(scene: Scene, change: Callable[[re.Match[str]], str]) -> dict[str, str]:
    """Return the strict file with the pin of six changed."""
    text, count = PIN.subn(change, scene.files[STRICT].decode())
    assert count == 1
    return {STRICT: text}


def repinned(scene: Scene) -> str:
    """Push a commit with one more hash of six, so that the index is asked again."""
    more = f"    --hash=sha256:{os.urandom(32).hex()} \\\n"
    return scene.commit(strict_file(scene, lambda pin: f"{pin[1]} \\\n{more}{pin[3]}"))


def line_of_six(scene: Scene) -> int:
    return scene.files[STRICT].decode().partition("six==")[0].count("\n") + 1


@contextmanager
def index_in_front(
    scene: Scene, respond: Callable[[Connection], bool]
) -> Iterator[tuple[RawServer, str]]:
    """Serve an index where containers reach it; what *respond* leaves, the real one answers."""

    def serve(connection: Connection) -> None:
        if not respond(connection):
            path = connection.head.split()[1].removeprefix("/simple")
            head = f"HTTP/1.1 302 Found\r\nLocation: {REAL_INDEX}{path}\r\n"
            connection.write(f"{head}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())

    network = scene.client.api.inspect_network("bridge")
    with raw_server(serve, network["IPAM"]["Config"][0]["Gateway"]) as server:
        yield server, f"http://{server.address}/simple"


@pytest.mark.short
@pytest.mark.row(21)
def test_a_hash_that_does_not_match_is_named_with_its_line(scene: Scene) -> None:
    pinned = PIN.search(scene.files[STRICT].decode())
    assert pinned is not None
    wrong = f"    --hash=sha256:{NOBODYS}\n"
    commit = scene.commit(strict_file(scene, lambda pin: f"{pin[1]} \\\n{wrong}"))
    outcome = scene.ship(commit)
    assert outcome.tries == ["FAILURE"]
    assert f"{STRICT}:{line_of_six(scene)}: {pinned[1]}: the index has six-" in outcome.said
    real = re.search(r"with sha256:([0-9a-f]{64}), the lock says sha256:0{64} ", outcome.said)
    assert real is not None
    assert real[1] in pinned[3]
    assert "find out who changed the file" in outcome.said
    assert scene.published(commit) is None


@pytest.mark.row(22)
def test_a_pinned_version_that_is_gone_is_named_with_its_line(scene: Scene) -> None:
    gone = strict_file(scene, lambda pin: pin[0].replace(pin[1], "six==0.0.99"))
    outcome = scene.ship(scene.commit(gone))
    assert outcome.tries == ["FAILURE"]
    said = f"{STRICT}:{line_of_six(scene)}: six==0.0.99 is not in the index"
    assert said in outcome.said
    assert "run HardenRequirements again" in outcome.said


@pytest.mark.row(22)
def test_a_pinned_version_that_was_yanked_is_a_warning(scene: Scene) -> None:
    pinned = PIN.search(scene.files[STRICT].decode())
    assert pinned is not None
    answer = requests.get(
        f"{REAL_INDEX}/six/", headers={"Accept": "text/html"}, timeout=30, allow_redirects=True
    )
    base = f'<base href="{answer.url}">'
    body = (base + answer.text.replace("<a ", "<a data-yanked='' ")).encode()

    def respond(connection: Connection) -> bool:
        if "/simple/six/" not in connection.head:
            return False
        connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return True

    commit = repinned(scene)
    with index_in_front(scene, respond) as (_, url):
        outcome = scene.ship(commit, index_url=url, no_cache=True)
    assert outcome.step("wheels")["results"] == WARNINGS
    build = outcome.builds[0]["buildid"]
    warnings = scene.rest.logs(build, "wheels")["warnings"]
    line = line_of_six(scene)
    assert f"{STRICT}:{line}: {pinned[1]} was yanked from the index" in warnings
    assert scene.published(commit)


@pytest.mark.row(29)
def test_an_index_of_a_byte_a_second_is_retried_by_the_deadline(scene: Scene) -> None:
    asked = threading.Event()

    def respond(connection: Connection) -> bool:
        if outcome_of_first.is_set():
            return False
        asked.set()
        connection.trickle(b"HTTP/1.1 200 OK\r\nX: " + bytes(1000), 1.0)
        return True

    outcome_of_first = threading.Event()
    commit = repinned(scene)
    with index_in_front(scene, respond) as (_, url):
        build = scene.begin(revision=commit, index_url=url, answer_seconds="5", no_cache=True)
        assert asked.wait(60)
        scene.rest.wait(build, 60)
        outcome_of_first.set()
        outcome = scene.outcome(build)
    assert outcome.tries == ["RETRY", "SUCCESS"]
    step = outcome.step("wheels", 0)
    assert "its answer was not complete after 5 seconds" in step["state_string"]
    assert "check the options index_url, proxy and ca_bundle" in step["state_string"]
    assert step["complete_at"] - step["started_at"] < 30


@pytest.mark.row(29)
def test_an_index_whose_name_does_not_resolve_is_retried_twice(scene: Scene) -> None:
    index = "http://no-such-host.invalid/simple"
    outcome = scene.ship(repinned(scene), index_url=index, answer_seconds="20", no_cache=True)
    assert outcome.tries == ["RETRY", "RETRY", "FAILURE"]
    assert "cannot be reached (its host name does not resolve)" in outcome.said
    assert "(tried 3 times)" in outcome.said


def huge_commit(folder: Path, count: int) -> None:
    """Commit *count* files of 100 MiB each, all with the same bytes, without a checkout."""
    zeros = folder.parent / "zeros"
    with zeros.open("wb") as file:
        file.truncate(100 * MIB)
    name = git(folder, "hash-object", "-w", str(zeros))
    zeros.unlink()
    for number in range(count):
        entry = f"100644,{name},data/{number}.bin"
        git(folder, "update-index", "--add", "--cacheinfo", entry)


@pytest.mark.row(26)
def test_a_huge_commit_fails_at_the_limit_in_little_memory(scene: Scene) -> None:
    tree = scene.developer.tree
    with_setup(scene, "# So that the wheel is not just repacked.")
    huge_commit(tree, 11)
    git(tree, "commit", "--quiet", "--message", "Huge")
    commit = git(tree, "rev-parse", "HEAD")
    scene.developer.push()
    with peak_of_verbs(scene) as peaks:
        outcome = scene.ship(commit)
    # The search for secrets need not read a gigabyte of zeros.
    for data in (scene.run.folder / scene.worker.settings.worker_name).glob("*/*/data"):
        shutil.rmtree(data)
    assert outcome.tries == ["FAILURE"]
    assert "folder . at the commit exceeded the limit of 1073741824 bytes" in outcome.said
    assert "find out why there is so much, and remove it" in outcome.said
    assert 0 < max(peaks.values()) < 256 * MIB


@contextmanager
def peak_of_verbs(scene: Scene) -> Iterator[dict[int, int]]:
    """Give the most memory in bytes that each process of a verb used while tests run."""
    peaks: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for pid in scene.verbs():
                with suppress(OSError):
                    status = Path(f"/proc/{pid}/status").read_text()
                    if peak := re.search(r"VmHWM:\s*(\d+) kB", status):
                        peaks[pid] = int(peak[1]) * 1024

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        over.set()
        thread.join()
