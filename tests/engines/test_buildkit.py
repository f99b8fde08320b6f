"""Which builder each engine builds with, and what BuildKit builds, limits and leaves."""

from __future__ import annotations

import io
import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from lab.waiting import wait_until

from buildbot_ship.daemon.engine import Engine
from buildbot_ship.daemon.interface import Build
from buildbot_ship.errors import BuildKitMissing, JobFailed, LimitExceeded
from buildbot_ship.model.dockerfile.buildkit import BUILDKIT, CLASSIC
from buildbot_ship.model.dockerfile.document import read
from buildbot_ship.model.image.layer import Member, write_tar
from buildbot_ship.model.log import OUTPUT
from buildbot_ship.model.request.settings import Limits
from buildbot_ship.store.ledger import Ledger
from tests.engines.conftest import (
    FIRST,
    NAMES,
    NEWEST_CLASSIC,
    NEWEST_CONTAINERD,
    OLD_CONTAINERD,
    Host,
)
from tests.repository import Repository, new_repository

if TYPE_CHECKING:
    from lab.bases import Bases
    from lab.registries import Registry

MIB = 1 << 20
STAGES = """\
# syntax=docker/dockerfile:1
FROM {base} AS make
RUN <<E
set -e
echo one > /one
echo two >> /one
E
FROM {base}
COPY --from=make /one /one
COPY --chmod=751 tool /tool
COPY <<'E' /note
$HOME
E
RUN --mount=type=bind,source=conf,target=/conf cat /conf/a >> /note
RUN --mount=type=cache,id={cache},target=/cache echo x > /cache/x
RUN --mount=type=cache,id={cache},target=/cache cat /cache/x >> /note
"""


CLIENT = {"PATH": f"/usr/bin:{os.environ['PATH']}"}
"""Where Debian's command line of 20.10 is, which has a client of BuildKit."""
SECRET = "hunter2-of-a-line"


@attrs.define
class Site:
    """An engine, and a base that it has."""

    host: Host
    base: str
    folder: Path
    ledger: Ledger
    lines: list[str] = attrs.field(factory=list)

    def build(
        self,
        text: str,
        environment: dict[str, str] | None = None,
        secrets: dict[str, str] | None = None,
        **limits: Any,
    ) -> str:
        """Build the Dockerfile *text* on the base; return the builder."""
        text = f"FROM {self.base}\n{text}"
        context, data = self.folder / "context.tar", text.encode()
        with context.open("wb") as file:
            write_tar([Member("a.docker", 0o644, len(data), lambda: io.BytesIO(data))], file)
        found = read(text, "a.docker")
        build = Build(
            context,
            "a.docker",
            f"ship.local/build:{uuid.uuid4().hex}",
            found.places,
            found.buildkit,
            self.base,
            Limits(**limits),
            secrets=secrets,
        )
        variables = {"DOCKER_HOST": self.host.address, **CLIENT, **(environment or {})}
        engine = Engine(self.ledger, time.time, variables)
        return engine.build(build, out=self.folder / "out", log=self.lines.append)


def on(*names: Any) -> pytest.MarkDecorator:
    """Run a test on these engines only."""
    return pytest.mark.parametrize("host", names, indirect=True)


with_buildkit = on(NEWEST_CLASSIC, NEWEST_CONTAINERD)


@pytest.fixture
def site(host: Host, bases: Bases, tmp_path: Path) -> Iterator[Site]:
    """An engine on which nothing of a build stays but BuildKit's cache."""
    host.client.images.pull(bases.slim.reference)
    before = traces(host)
    site = Site(host, bases.slim.reference, tmp_path, Ledger(tmp_path / "ledger", "t", "t"))
    yield site
    assert list(site.ledger.entries()) == []
    site.ledger.close()
    assert traces(host) == before


def traces(host: Host) -> set[str]:
    """Return all images and containers of an engine."""
    api = host.client.api
    images = {f"{item['Id']} {item['RepoTags']}" for item in api.images(all=True)}
    return images | {item["Id"] for item in api.containers(all=True)}


@pytest.fixture
def house(tmp_path: Path, bases: Bases) -> Repository:
    repository = new_repository(tmp_path, bases)
    for name, text in (("tool", "#!/bin/sh\n"), ("conf/a", "A\n")):
        path = repository.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    repository.commit()
    return repository


def write(house: Repository, text: str) -> None:
    (house.folder / "stages.docker").write_text(text)
    house.commit()


@on(FIRST, pytest.param(NEWEST_CLASSIC, marks=pytest.mark.long), NEWEST_CONTAINERD)
def test_a_base_is_derived_by_buildkit_or_refused_with_its_line(
    host: Host, house: Repository, bases: Bases, own_registry: Registry
) -> None:
    house.environment["DOCKER_HOST"] = host.address
    before = traces(host)
    write(house, STAGES.format(base=bases.slim.reference, cache=uuid.uuid4().hex))
    place = f"stages.docker={own_registry.address}/buildkit-{NAMES.index(host.name)}"
    said = house.ship("derive", place)
    assert traces(host) == before
    if host.name == FIRST:
        assert said.status == 48
        what = "stages.docker:3: the here-document of RUN needs BuildKit"
        assert said.failure["message"].startswith(what)
        assert "stages.docker:14: RUN --mount" in said.failure["details"]
        return
    assert said.status == 0, said.output
    assert " by BuildKit, since it is new" in said.result["summary"]
    made = said.result["properties"]["ship_bases"]["stages.docker"]
    assert made["builder"] == BUILDKIT
    show = ["sh", "-c", "stat -c %a /tool; cat /one /note"]
    output = host.client.containers.run(made["reference"], show, remove=True)
    host.client.images.remove(made["reference"])
    assert output == b"751\none\ntwo\n$HOME\nA\nx\n"


@on(OLD_CONTAINERD)
def test_an_engine_whose_buildkit_takes_no_context_builds_with_the_classic_builder(
    site: Site,
) -> None:
    assert site.build("RUN true\n") == CLASSIC
    assert any("takes no build context" in line for line in site.lines)


@on(NEWEST_CONTAINERD)
def test_a_mounted_cache_begins_empty_in_each_build(site: Site) -> None:
    run = f"RUN --mount=type=cache,id={uuid.uuid4().hex},target=/c ls /c; touch /c/mark\n"
    for _ in range(2):
        site.build(f"{run}RUN true\n")
        assert f"{OUTPUT}mark" not in site.lines


@on(NEWEST_CLASSIC)
def test_the_variable_chooses_the_classic_builder(site: Site) -> None:
    environment = {"DOCKER_BUILDKIT": "0"}
    assert site.build("RUN true\n", environment) == CLASSIC
    with pytest.raises(BuildKitMissing, match="DOCKER_BUILDKIT is 0"):
        site.build("RUN --mount=type=cache,target=/x true\n", environment)


@with_buildkit
@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("ENV A=1\nWORKDIR /x\nRUN true\nRUN echo so; exit 3\n", "5: RUN", "exit code: 3"),
        ("RUN true\nCOPY nowhere /\n", "3: COPY", '"/nowhere": not found'),
        ("RUN <<E\necho so\nexit 3\nE\n", "2: RUN", "exit code: 3"),
    ],
)
def test_a_line_that_fails_is_named(site: Site, text: str, place: str, why: str) -> None:
    with pytest.raises(JobFailed) as caught:
        site.build(text)
    assert str(caught.value).startswith(f"a.docker:{place}: ")
    assert why in str(caught.value)
    assert (f"{OUTPUT}so" in caught.value.details.splitlines()) == ("echo so" in text)


@with_buildkit
def test_each_process_has_limits(site: Site) -> None:
    site.build("RUN cat /proc/self/limits\n", memory=600 * MIB, disk=96 * MIB, open_files=321)
    shown = " ".join(" ".join(site.lines).split())
    assert f"Max file size {96 * MIB} {96 * MIB}" in shown
    assert f"Max data size {600 * MIB} {600 * MIB}" in shown
    assert "Max open files 321 321" in shown
    with pytest.raises(JobFailed) as caught:
        site.build(f"RUN python3 -c 'bytearray({700 * MIB})'\n", memory=64 * MIB)
    assert caught.value.remedy.endswith("raise the option memory")
    three = "RUN for i in 1 2 3; do head -c 30000000 /dev/zero > /$i; done\n"
    with pytest.raises(LimitExceeded, match="bytes on disk"):
        site.build(three, disk=64 * MIB)


@on(FIRST, NEWEST_CLASSIC, NEWEST_CONTAINERD)
def test_a_line_reads_its_secret_and_nothing_else_does(
    host: Host, house: Repository, bases: Bases, own_registry: Registry, tmp_path: Path
) -> None:
    house.environment |= {"DOCKER_HOST": host.address, "DOCKER_BUILDKIT": "1", **CLIENT}
    (tmp_path / "token").write_text(SECRET)
    before = traces(host)
    text = (
        "RUN --mount=type=secret,id=token,required=true cat /run/secrets/token; "
        "wc -c < /run/secrets/token > /size\n"
        "RUN --mount=type=secret,id=absent ls /run/secrets > /found 2>&1 || true\n"
        "RUN ls /run/secrets >> /found 2>&1; env >> /found\n"
    )
    write(house, f"FROM {bases.slim.reference}\n{text}")
    place = f"stages.docker={own_registry.address}/secret-{NAMES.index(host.name)}"
    refused = house.ship("derive", place)
    assert refused.failure["message"].startswith("stages.docker:2: RUN: the secret 'token' is")
    said = house.ship("derive", "--build-secret", f"token={tmp_path / 'token'}", place)
    assert said.status == 0, said.output
    assert traces(host) == before
    assert " by BuildKit, since it is new" in said.result["summary"]
    assert "stages.docker:3: the secret absent is not given" in said.output
    assert "***" in map(str.strip, said.output.splitlines())
    made = said.result["properties"]["ship_bases"]["stages.docker"]["reference"]
    show = ["sh", "-c", "cat /size /found"]
    host.client.images.pull(made)
    saved = b"".join(host.client.images.get(made).save())
    api: Any = host.client.api
    inspected = str((api.inspect_image(made), api.history(made)))
    output = host.client.containers.run(made, show, remove=True)
    host.client.images.remove(made)
    assert output.startswith(f"{len(SECRET)}\n".encode())
    # 20.10 leaves the empty folder of a mount, later versions leave nothing.
    assert b"token" not in output
    for shown in (said.output, str(said.result), inspected):
        assert SECRET not in shown
    assert SECRET.encode() not in saved + output


@on(NEWEST_CONTAINERD)
def test_a_build_with_a_secret_has_its_limits(site: Site) -> None:
    line = "RUN --mount=type=secret,id=a "
    shown: dict[str, Any] = {"secrets": {"a": SECRET}, "open_files": 321, "disk": 96 * MIB}
    assert site.build(f"{line}cat /proc/self/limits /run/secrets/a\n", **shown) == BUILDKIT
    limits = " ".join(" ".join(site.lines).split())
    assert f"Max file size {96 * MIB} {96 * MIB}" in limits
    assert "Max open files 321 321" in limits
    assert SECRET in site.lines[-2]
    with pytest.raises(LimitExceeded, match="3 seconds"):
        site.build(f"{line}sleep 7655\n", secrets={}, seconds=3)
    wait_until(lambda: not running("7655"), 5, "the end of its process")
    with pytest.raises(JobFailed, match=r"^a.docker:3: RUN: .*exit code: 3"):
        site.build(f"RUN true\n{line}exit 3\n", secrets={})


@with_buildkit
def test_a_build_ends_in_time(site: Site) -> None:
    began = time.monotonic()
    with pytest.raises(LimitExceeded, match="3 seconds"):
        site.build("RUN echo here && sleep 7654\n", seconds=3)
    assert f"{OUTPUT}here" in site.lines
    assert time.monotonic() - began < 15
    wait_until(lambda: not running("7654"), 5, "the end of its process")


def running(word: str) -> list[str]:
    """Return the processes of this machine with a *word* in their arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        found += [str(process)] if word in words else []
    return found


@pytest.mark.parametrize(
    ("host", "how"),
    [
        (NEWEST_CLASSIC, (signal.SIGTERM, "")),
        (NEWEST_CONTAINERD, (signal.SIGKILL, "")),
        (NEWEST_CLASSIC, (signal.SIGTERM, "--mount=type=secret,id=a")),
        (NEWEST_CONTAINERD, (signal.SIGKILL, "--mount=type=secret,id=a")),
    ],
    indirect=["host"],
)
def test_a_stopped_build_leaves_nothing(
    how: tuple[signal.Signals, str],
    host: Host,
    house: Repository,
    bases: Bases,
    own_registry: Registry,
) -> None:
    seconds = str(8000 + os.getpid() % 1000)
    number, options = how
    house.environment |= {"DOCKER_HOST": host.address, **CLIENT}
    before = traces(host)
    write(house, f"FROM {bases.slim.reference}\nRUN {options} echo here && sleep {seconds}\n")
    process = house.start("derive", f"stages.docker={own_registry.address}/stopped")
    assert process.stdout is not None
    assert any(line.strip() == "here" for line in process.stdout)
    wait_until(lambda: bool(running(seconds)), 10, "its process")
    process.send_signal(number)
    process.communicate(timeout=60)
    wait_until(lambda: not running(seconds), 10, "the end of its process")
    if number == signal.SIGKILL:
        house.succeed("gc")
    assert traces(host) == before
