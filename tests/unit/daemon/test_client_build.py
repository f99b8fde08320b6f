"""A build with Docker's command line, which a script plays; a server plays the engine."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.interface import Build
from buildbot_ship.daemon.shared.ownership import BUILD, OWNER
from buildbot_ship.errors import (
    BuildKitMissing,
    DockerClientMissing,
    JobFailed,
    LimitExceeded,
)
from buildbot_ship.model.dockerfile.buildkit import BUILDKIT
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.store.ledger import Ledger
from tests.fakes.engine_api import API, EngineApi, engine_29

NAME = "ship.local/build:1"
NETRC = "machine a login b password hunter2"
RUN = "a.docker:2: RUN"
CONTEXT = b"a context"
NOTES = """\
for argument; do echo "argument $argument"; done >> notes
env | sed 's/^/variable /' >> notes
cat > stdin
cat "$DOCKER_CONFIG/config.json" > settings
ls -A "$DOCKER_CONFIG" > listed
for each; do case $each in --secret=id=netrc,src=*) cat "${each##*src=}" > secret;; esac; done
"""
MISSING = """\
echo 'ERROR: BuildKit is enabled but the buildx component is missing or broken.'
echo '       Install the buildx component to build images with BuildKit:'
exit 1
"""


@attrs.define
class Site:
    """An engine, its client, and a folder with the program ``docker``."""

    api: EngineApi
    engine: Engine
    folder: Path
    lines: list[str] = attrs.field(factory=list)

    def client(self, script: str) -> None:
        program = self.folder / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\ncd '{self.folder}'\n{script}")
        program.chmod(0o755)

    def build(self, **changes: Any) -> str:
        context = self.folder / "context.tar"
        context.write_bytes(CONTEXT)
        needs = ("a.docker:1: COPY --chmod", f"{RUN} --mount")
        build = Build(context, "a.docker", NAME, {"2": RUN, "stage-0 2": RUN}, needs)
        build = attrs.evolve(build, secrets={"netrc": NETRC}, **changes)
        return self.engine.build(build, out=self.folder / "out", log=self.lines.append)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ledger = Ledger(tmp_path / "ledger", "tests", "unit")
    with engine_29(tmp_path) as api:
        environment = {
            "DOCKER_HOST": api.address,
            "DOCKER_BUILDKIT": "1",
            "DOCKER_CONFIG": "/nonexistent/docker",
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "TOKEN": "of the worker",
            "HTTP_PROXY": "of the worker",
        }
        api.answers["GET /images/.*/get"] = lambda: (200, "an archive")
        yield Site(api, Engine(ledger, lambda: 1.0, environment, api=API), tmp_path)
    assert list(ledger.entries()) == []
    ledger.close()
    assert not (tmp_path / "docker-settings").exists()


def test_the_command_line_gets_the_secret_from_memory_only(site: Site) -> None:
    site.client(NOTES)
    proxy = "http://robot:hunter3@proxy.test:1"
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    assert site.build(arguments=dict.fromkeys(names, proxy)) == BUILDKIT
    assert site.read("secret") == NETRC
    assert site.read("stdin") == CONTEXT.decode()
    notes = site.read("notes")
    assert "hunter" not in notes
    assert "of the worker" not in notes
    assert json.loads(site.read("settings")) == {
        "proxies": {"default": {"httpProxy": proxy, "httpsProxy": proxy}}
    }
    assert site.read("listed").split() == ["cli-plugins", "config.json", "contexts"]
    assert (site.folder / "out").read_bytes() == b'"an archive"'
    assert not [seen for seen in site.api.seen if seen.startswith("POST")]


def test_limits_labels_and_cache_are_those_of_a_request(site: Site) -> None:
    site.client(NOTES)
    site.build(limits=Limits(open_files=321, disk=96 << 20, memory=600 << 20))
    notes = site.read("notes").splitlines()
    assert {
        line.partition("=")[2].partition("=")[0] for line in notes if "--label" in line
    } == {
        OWNER,
        BUILD,
    }
    for expected in (
        *("--no-cache", "--file=a.docker", f"--tag={NAME}", "--ulimit=nofile=321:321", "-"),
        *(f"--ulimit=fsize={96 << 20}:{96 << 20}", f"--ulimit=data={600 << 20}:{600 << 20}"),
    ):
        assert f"argument {expected}" in notes
    variables = {line for line in notes if line.startswith("variable ")}
    assert {
        f"variable DOCKER_HOST={site.api.address}",
        "variable DOCKER_BUILDKIT=1",
        f"variable DOCKER_CONFIG={site.folder / 'docker-settings'}",
    } <= variables


def test_the_line_of_a_failure_is_named(site: Site) -> None:
    site.client(
        "echo '#5 [stage-0 2/2] RUN x'\necho '#5 0.1 so'\necho '#5 ERROR: exit code: 3'\n"
        "echo 'ERROR: failed to solve: exit code: 3'\nexit 1\n"
    )
    with pytest.raises(JobFailed) as caught:
        site.build()
    assert str(caught.value) == f"{RUN}: exit code: 3"
    assert caught.value.details.splitlines() == ["[stage-0 2/2] RUN x", "  so"]
    assert site.lines == ["[stage-0 2/2] RUN x", "  so"]


def test_a_worker_without_a_client_or_its_plugin_says_what_to_install(site: Site) -> None:
    site.client(MISSING)
    with pytest.raises(DockerClientMissing, match="its plugin buildx is not inst") as caught:
        site.build()
    assert str(caught.value).startswith(f"{RUN} --mount mounts a secret")
    assert "docker-buildx" in caught.value.remedy
    site.engine.environment["PATH"] = "/nonexistent"
    with pytest.raises(DockerClientMissing, match="there is no docker in PATH"):
        site.build()


def test_without_buildkit_a_secret_is_refused_before_anything_runs(site: Site) -> None:
    site.client(NOTES)
    site.engine.environment["DOCKER_BUILDKIT"] = "0"
    with pytest.raises(BuildKitMissing, match="DOCKER_BUILDKIT is 0"):
        site.build()
    assert not (site.folder / "notes").exists()


def test_a_build_ends_in_time_with_all_its_processes(site: Site) -> None:
    site.client(f"echo $$ > '{site.folder}/pid'\nsleep 60\n")
    began = time.monotonic()
    with pytest.raises(LimitExceeded, match="1 seconds"):
        site.build(limits=Limits(seconds=1))
    assert time.monotonic() - began < 8
    assert not Path(f"/proc/{site.read('pid').strip()}").exists()


def test_an_image_above_the_limit_on_disk_is_refused(site: Site) -> None:
    site.client("exit 0\n")
    for name, size in ((NAME, 95 << 20), ("base:1", 30 << 20)):
        layers = (200, [{"Size": size}])
        site.api.answers[f"GET /images/{name}/history"] = partial(copy, layers)
    with pytest.raises(LimitExceeded, match="67108864 bytes on disk"):
        site.build(base="base:1", limits=Limits(disk=64 << 20))
    assert not (site.folder / "out").exists()
