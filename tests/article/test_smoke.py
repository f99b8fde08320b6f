"""Smoke tests on a real engine: what passes, what fails and why, and that nothing is left."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import docker
from buildbot_ship.model.request import (
    Envelope,
    SmokeCheck,
    SmokeContainer,
    SmokeRequest,
    SystemTest,
)
from buildbot_ship.model.request.wire import envelope_to_json
from tests.repository import Repository, Said, left_behind, new_repository

from .smoke_app import DOCKERFILE, SETUP, TINY

PROGRAM = (sys.executable, "-I", "-m", "buildbot_ship")
PAGE = ("--url", "http://tiny:8080/")
TINY_IMAGE = ("--container", "tiny")


@pytest.fixture(scope="module")
def app(bases: Any, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository whose image is built."""
    repository = new_repository(tmp_path_factory.mktemp("smoke"), bases)
    top = repository.folder
    (top / "requirements.loose.txt").write_text("")
    (top / "setup.py").write_text(SETUP)
    (top / "tiny" / "__init__.py").write_text(TINY)
    (top / "tiny.docker").write_text(DOCKERFILE.format(bases.slim.reference))
    repository.succeed("harden", "--package", ".")
    repository.commit()
    repository.succeed("wheels", "--package", ".")
    repository.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")
    build(repository)
    # A foreign image of a test, which stays in the engine.
    docker.from_env().images.pull(bases.slim.reference)
    return repository


def build(repository: Repository) -> None:
    """Build the image, and take it out of the engine, as in a build of a master."""
    result = repository.succeed("image", "tiny")
    with_engine = docker.from_env()
    with_engine.images.remove(result["properties"]["ship_image_tiny"]["loaded_as"])
    with_engine.close()


@pytest.fixture(autouse=True)
def nothing_left(client: docker.DockerClient, app: Repository) -> Iterator[None]:
    """Check that a test leaves no container, network, volume or image."""
    before = everything(client)
    yield
    assert left_behind(client, app) == []
    assert everything(client) == before


def everything(client: docker.DockerClient) -> tuple[set[str], set[str], set[str]]:
    """Return the networks, volumes and images in the engine."""
    volumes = client.api.volumes()["Volumes"] or ()
    return (
        {network["Name"] for network in client.api.networks()},
        {volume["Name"] for volume in volumes},
        {tag for image in client.api.images() for tag in image["RepoTags"] or ()},
    )


def smoke(app: Repository, *arguments: str) -> Said:
    return app.ship("smoke", *arguments)


GOOD = {
    "a page": (*TINY_IMAGE, *PAGE, "--text", "Result:12"),
    "another status": (*TINY_IMAGE, "--argument", "broken", *PAGE, "--status", "500"),
    "a port": (*TINY_IMAGE, "--url", "tcp://tiny:8080"),
    "a system": (
        *("--container", "back", "--image", "tiny"),
        *("--container", "front", "--image", "tiny", "--argument", "ask"),
        *("--env", "REMOTE=http://back:8080/"),
        *("--url", "http://front:8080/", "--text", "Result:12!"),
        *("--url", "http://back:8080/", "--text", "Result:12"),
    ),
    "a health check": (*TINY_IMAGE, "--healthy"),
    "a command": (*TINY_IMAGE, "--command", "/tiny.pex check", "--text", "checked Result:12"),
    "a container that ends": (
        *(*TINY_IMAGE, "--argument", "exit", "--argument", "3"),
        *("--exits", "--status", "3", "--text", "migration is done"),
    ),
    "a volume": (*TINY_IMAGE, "--volume", "/data", "--argument", "volume", *PAGE),
    "a volume over a folder of the image": (
        *(*TINY_IMAGE, "--user", "1234", "--volume", "/srv", "--argument", "volume"),
        *("--env", "FOLDER=/srv", *PAGE, "--text", "kept by 1234"),
    ),
    "a volume of a user whose number only the image knows": (
        *(*TINY_IMAGE, "--user", "nobody", "--volume", "/tmp", "--argument", "volume"),
        *("--env", "FOLDER=/tmp", *PAGE, "--text", "kept by 65534"),
    ),
    "another user": (
        *(*TINY_IMAGE, "--user", "1234:99", "--volume", "/data", "--argument", "volume"),
        *(*PAGE, "--text", "kept by 1234"),
    ),
}


@pytest.fixture(scope="module")
def said(app: Repository) -> dict[str, Said]:
    """What all these calls said; several run at the same time, as builds do."""
    calls = GOOD | {name: arguments for name, (arguments, _) in BAD.items()}
    with ThreadPoolExecutor(4) as pool:
        ended = pool.map(lambda arguments: smoke(app, *arguments), calls.values())
        return dict(zip(calls, ended, strict=True))


@pytest.mark.parametrize("name", GOOD)
def test_a_check_passes(said: dict[str, Said], name: str) -> None:
    passed = said[name]
    assert passed.status == 0, passed.output
    digest = passed.result["properties"]["ship_tested_tiny"]
    assert digest.startswith("sha256:")
    assert "passed in" in passed.result["summary"]
    logs = passed.result["texts"]
    assert all(name.endswith(".log") for name in logs)
    assert any("listening" in log or "done" in log for log in logs.values())


BAD = {
    "a page that answers 500": (
        (*TINY_IMAGE, "--argument", "broken", *PAGE, "--deadline", "4"),
        r"tiny:8080/: it answered 500: no result today; the check expects 200; last lines of",
    ),
    "another text": (
        (*TINY_IMAGE, *PAGE, "--text", "Result:13", "--deadline", "4"),
        r"it answered 200: Result:12; the check expects the text 'Result:13'",
    ),
    "a port that is not open": (
        (*TINY_IMAGE, "--argument", "sleep", *PAGE, "--deadline", "4"),
        r"http://tiny:8080/: nothing listens on port 8080",
    ),
    "a port of the loopback address only": (
        (*TINY_IMAGE, "--argument", "local", *PAGE, "--deadline", "4"),
        r"http://tiny:8080/: nothing listens on port 8080",
    ),
    "a port that is not HTTP": (
        (*TINY_IMAGE, "--argument", "garbage", *PAGE, "--deadline", "4"),
        r"http://tiny:8080/: it sent no valid answer \(BadStatusLine",
    ),
    "an answer that never ends": (
        (*TINY_IMAGE, "--argument", "endless", *PAGE, "--text", "x", "--deadline", "4"),
        r"http://tiny:8080/: it answered 200: \.+; the check expects the text 'x'",
    ),
    "a name that is no container": (
        (
            *(*TINY_IMAGE, "--argument", "ask", "--env", "REMOTE=http://nobody:1/"),
            *(*PAGE, "--deadline", "6"),
        ),
        r"it answered 500: broken: <urlopen error \[Errno -3\] Temporary failure in name",
    ),
    "a service that answers once and dies": (
        (*TINY_IMAGE, "--argument", "once", *PAGE),
        r"tiny ended with status 0, but it must keep running; last lines of tiny: listening",
    ),
    "a service that answers once and closes its port": (
        (*TINY_IMAGE, "--argument", "closes", *PAGE),
        r"http://tiny:8080/: it answered once; then nothing listens on port 8080",
    ),
    "a service that dies at once": (
        (*TINY_IMAGE, "--argument", "exit", "--argument", "4", *PAGE),
        r"tiny ended with status 4, but it must keep running; .*the migration is done",
    ),
    "a run that never ends": (
        (*TINY_IMAGE, "--argument", "sleep", "--exits", "--deadline", "1"),
        r"the run of tiny is not over after the deadline of 1 seconds",
    ),
    "a run with another status": (
        (*TINY_IMAGE, "--argument", "exit", "--argument", "3", "--exits"),
        r"tiny ended with status 3; the check expects 0",
    ),
    "a command that never ends": (
        (*TINY_IMAGE, "--command", "sleep 1000", "--deadline", "1"),
        r"the command 'sleep 1000' in tiny is not over after the deadline of 1 seconds",
    ),
    "a command that fails": (
        (*TINY_IMAGE, "--command", "/tiny.pex exit 7", "--deadline", "4"),
        r"the command '/tiny.pex exit 7' in tiny: it ended with status 7; the check expects 0",
    ),
    "a command that does not exist": (
        (*TINY_IMAGE, "--command", "curl http://tiny", "--deadline", "4"),
        r"it ended with status 12[67]; the check expects 0: .*curl",
    ),
    "too much memory": (
        (*TINY_IMAGE, "--memory", "64", "--argument", "memory", *PAGE),
        r"tiny used more than 67108864 bytes of memory",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_failure_names_its_cause(said: dict[str, Said], name: str) -> None:
    failed, (_, message) = said[name], BAD[name]
    assert failed.status == 45, failed.output
    assert re.search(message, failed.failure["message"]), failed.failure["message"]
    assert failed.failure["kind"] == "SmokeTestFailed"
    assert list(failed.result["texts"]) == ["tiny.log"]


def test_a_file_in_the_read_only_root_names_the_option(app: Repository) -> None:
    said = smoke(app, *TINY_IMAGE, "--argument", "write", *PAGE)
    assert said.status == 45
    assert "Read-only file system: '/cache'" in said.failure["message"]
    assert "in the volumes of the container" in said.failure["remedy"]


def test_a_container_has_no_other_network_no_capability_and_not_the_host(
    app: Repository,
) -> None:
    with listening_on_all_addresses() as port:
        arguments = (*TINY_IMAGE, "--env", f"HOST_PORT={port}", "--argument", "environment")
        said = smoke(app, *arguments, *PAGE, "--text", "outside:no host:no root:no caps:0")
    assert said.status == 0, said.output


@contextmanager
def listening_on_all_addresses() -> Iterator[int]:
    """Listen on a port of this machine, the engine's host."""
    with socket.create_server(("", 0)) as server:
        yield server.getsockname()[1]


def test_a_secret_is_mounted_and_in_no_log(app: Repository, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2hunter2")
    mount = ("--secret", f"/run/secrets/token={tmp_path / 'token'}")
    said = smoke(app, *TINY_IMAGE, *mount, "--argument", "secret", *PAGE, "--text", "hunter2")
    assert said.status == 0, said.output
    assert "hunter2" not in said.output + str(said.result["texts"])
    assert "read ***" in said.result["texts"]["tiny.log"]


def test_a_user_that_the_image_does_not_have_is_named(app: Repository) -> None:
    said = smoke(app, *TINY_IMAGE, "--user", "nobodyknows", *PAGE)
    assert (said.status, said.failure["kind"]) == (29, "ServiceNotStarted")
    assert "unable to find user nobodyknows" in said.failure["message"]


def test_two_services_with_one_name_are_refused_before_anything_starts(
    app: Repository,
) -> None:
    process = app.start("smoke", *TINY_IMAGE, *TINY_IMAGE, *PAGE)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "two containers have the name 'tiny'" in output


def test_an_image_without_a_health_check_is_refused(app: Repository, bases: Any) -> None:
    foreign = ("--container", "base", "--image", bases.slim.reference)
    said = smoke(app, *TINY_IMAGE, *foreign, "--healthy")
    assert said.status == 11, said.output
    assert "the image of base has no health check: add HEALTHCHECK" in said.failure["message"]


def test_a_foreign_image_serves_beside_the_build(app: Repository, bases: Any) -> None:
    code = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080)"
    foreign = ("--container", "base", "--image", bases.slim.reference)
    words = [f"--argument={word}" for word in ("python3", "-c", code)]
    front = (*TINY_IMAGE, "--argument", "ask", "--env", "REMOTE=http://base:8080/")
    said = smoke(app, *foreign, *words, *front, *PAGE, "--text", "Directory listing")
    assert said.status == 0, said.output


def test_a_foreign_image_that_does_not_exist_is_named(app: Repository, bases: Any) -> None:
    registry = bases.slim.reference.partition("/")[0]
    foreign = ("--container", "db", "--image", f"{registry}/team/nothing:1")
    said = smoke(app, *TINY_IMAGE, *foreign, *PAGE)
    assert said.failure["kind"] == "ServiceNotStarted", said.output
    assert "container db of image" in said.failure["message"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_test_leaves_nothing(
    app: Repository, client: docker.DockerClient, number: signal.Signals
) -> None:
    process = app.start("smoke", *TINY_IMAGE, "--argument", "sleep", *PAGE, "--deadline", "60")
    deadline = time.monotonic() + 30
    while len(left_behind(client, app)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=8)
    if number == signal.SIGKILL:
        assert len(left_behind(client, app)) >= 2
        result = app.succeed("gc")
        kinds = {name.partition("-")[0] for name in result["properties"]["ship_removed"]}
        assert "ship" in kinds


def test_a_published_digest_is_the_tested_one(app: Repository, own_registry: Any) -> None:
    repository = f"{own_registry.address}/team/tiny"
    other_commit = app.commit()
    app.succeed("wheels", "--package", ".")
    app.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")
    build(app)
    said = app.ship("push", "tiny", repository, "--tested")
    assert (said.status, said.failure["kind"]) == (46, "ImageNotTested")
    assert "no smoke test of this commit has passed" in said.failure["message"]
    failed = smoke(app, *TINY_IMAGE, "--argument", "broken", *PAGE, "--deadline", "1")
    assert failed.status == 45
    assert app.ship("push", "tiny", repository, "--tested").status == 46
    tested = smoke(app, *TINY_IMAGE, *PAGE)
    pushed = app.succeed("push", "tiny", repository, "--tested")
    digest = pushed["properties"]["ship_pushed_tiny"]["digest"]
    assert digest == tested.result["properties"]["ship_tested_tiny"]
    assert pushed["properties"]["ship_pushed_tiny"]["reference"].endswith(other_commit)
    # A test that fails later takes the record back.
    failed = smoke(app, *TINY_IMAGE, "--argument", "exit", "--argument", "1", *PAGE)
    assert failed.status == 45
    assert app.ship("push", "tiny", repository, "--tested").status == 46


def test_two_tests_run_at_once_with_the_same_names_on_their_own_networks(
    app: Repository,
) -> None:
    def test(argument: str, text: str) -> SystemTest:
        container = SmokeContainer("tiny", arguments=(argument,))
        check = SmokeCheck("http://tiny:8080/", status=int(text[:3]), text=text[4:])
        return SystemTest((container,), (check,), deadline=3)

    passed = as_step(
        app, SmokeRequest((test("page", "200 Result:12"), test("broken", "500 no")))
    )
    assert re.fullmatch(r"2 checks passed in \S+ s: tiny", passed["summary"])
    assert list(passed["texts"]) == ["tiny.log", "tiny-2.log"]
    failed = as_step(app, SmokeRequest((test("page", "200 Result"), test("exit", "200 x"))))
    assert "tiny ended with status" in failed["failure"]["message"]
    assert "IndexError" in failed["failure"]["message"]
    assert "IndexError" in failed["texts"]["tiny-2.log"]
    assert "IndexError" not in failed["texts"]["tiny.log"]


def as_step(app: Repository, request: SmokeRequest) -> dict[str, Any]:
    """Run a request as a step does; return the result."""
    envelope = Envelope(request, "test-1", str(app.work))
    path = app.state / "step.json"
    app.state.mkdir(exist_ok=True)
    subprocess.run(
        [*PROGRAM, "smoke", "--request", "-", "--result", str(path)],
        cwd=app.folder,
        env=os.environ | {"BUILDBOT_SHIP_STATE": str(app.state)},
        input=json.dumps(envelope_to_json(envelope)),
        text=True,
        check=False,
        capture_output=True,
        timeout=120,
    )
    result: dict[str, Any] = json.loads(path.read_text())
    path.unlink()
    return result


def test_another_image_of_the_commit_is_not_the_tested_one(
    app: Repository, own_registry: Any
) -> None:
    assert smoke(app, *TINY_IMAGE, *PAGE).status == 0
    result = app.succeed("image", "tiny", "--source", "https://example.com/other")
    docker.from_env().images.remove(result["properties"]["ship_image_tiny"]["loaded_as"])
    said = app.ship("push", "tiny", f"{own_registry.address}/team/again", "--tested")
    assert said.status == 46, said.output
    assert "the tested image has the digest sha256:" in said.failure["message"]
    build(app)


def test_a_damaged_image_is_not_tested(app: Repository) -> None:
    config = app.work / "images" / "tiny" / "config.json"
    good = config.read_bytes()
    try:
        config.write_bytes(good.replace(b"tiny.pex", b"tony.pex"))
        said = smoke(app, *TINY_IMAGE, *PAGE)
        assert said.failure["kind"] == "DigestMismatch", said.output
    finally:
        config.write_bytes(good)
