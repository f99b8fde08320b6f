"""Bases with RUN lines on a real engine: built when there is a reason, owned, built upon."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab.bases import Base, publish
from lab.debian import make_layers
from lab.registries import Registry
from lab.runs import Run
from lab.waiting import wait_until

import docker
from buildbot_ship.model.reference import Reference
from buildbot_ship.model.tag import is_timestamp_tag
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.verbs.shared.base_image import fetch_base

from .conftest import Repository, left_behind

FILE = "slim.docker"
ONE, NONE = (f"{count} of 1 base derived: {FILE}" for count in (1, 0))
CLASSIC = "the classic builder"
TEXT = """\
FROM {base}
COPY conf/*.txt /etc/conf/
RUN cat /etc/conf/a.txt > /made && date >> /var/log/made
"""
FROM = re.compile(r"^FROM .*$", re.M)


@dataclass
class House:
    """A repository with the Dockerfile of a derived base, and where that goes."""

    repository: Repository
    client: docker.DockerClient
    upstream: Base
    place: str

    def write(self, name: str, text: str) -> None:
        path = self.repository.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.repository.commit()

    def derive(self, *options: str) -> dict[str, Any]:
        return self.repository.succeed("derive", f"{FILE}={self.place}", *options)

    def said(self, *options: str) -> str:
        return re.sub(r"\d{4}-[\d-]+T[\d-]+", "TAG", self.derive(*options)["summary"])

    def left(self) -> list[str]:
        """Return what the engine has of ours, or of the base that was built on."""
        names = [
            name
            for image in self.client.api.images(all=True)
            for name in [*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())]
            if "ship.local/derive" in name
            or name.startswith((self.place, self.upstream.reference.rpartition(":")[0]))
        ]
        ledger = (self.repository.state / "ledger").glob("image-*")
        return [*left_behind(self.client, self.repository), *names, *map(str, ledger)]


@pytest.fixture
def place(own_registry: Registry, tmp_path: Path) -> str:
    """An own repository of the test's own."""
    return f"{own_registry.address}/derive-{tmp_path.name.replace('_', '-').lower()}"


@pytest.fixture
def upstream(lab_run: Run, upstream_registry: Registry, place: str) -> Base:
    """A base upstream that no other test pulls."""
    layer, name = make_layers(lab_run.cache)["slim"], place.partition("/")[2]
    return publish(layer, upstream_registry.address, name, "3.11-slim", mark=name)


@pytest.fixture
def house(
    repository: Repository, client: docker.DockerClient, upstream: Base, place: str
) -> Iterator[House]:
    """The house, in which nothing is left in the end."""
    # tests/engines has the tests of BuildKit.
    repository.environment["DOCKER_BUILDKIT"] = "0"
    house = House(repository, client, upstream, place)
    house.write("conf/a.txt", "A\n")
    house.write(FILE, TEXT.format(base=upstream.reference))
    yield house
    assert house.left() == []


def owned(result: dict[str, Any], file: str = FILE) -> Reference:
    return Reference.parse(result["properties"]["ship_bases"][file]["reference"])


def test_a_derived_base_is_owned_and_says_what_it_came_of(house: House) -> None:
    result = house.derive("--source", "https://git.example.com/app.git")
    reference = owned(result)
    assert is_timestamp_tag(str(reference.tag))
    assert result["summary"] == f"{ONE} under {reference.tag} by {CLASSIC}, since it is new"
    base = fetch_base(reference, "linux/amd64", RegistryClient())
    said = base.config["config"]["Labels"]
    assert said["org.opencontainers.image.base.name"] == house.upstream.reference
    assert said["org.opencontainers.image.base.digest"] == house.upstream.digest
    assert said["org.opencontainers.image.source"] == "https://git.example.com/app.git"
    assert "org.buildbot-ship.owner" not in said
    assert result["properties"]["ship_bases"][FILE]["digest"] == base.reference.digest
    assert f"{house.upstream.reference}\n  -> {reference}\n" in result["texts"]["bases.txt"]
    made = house.client.containers.run(str(reference), ["cat", "/made"], remove=True)
    house.client.api.remove_image(str(reference))
    assert made == b"A\n"


@pytest.mark.long
def test_it_is_built_again_when_there_is_a_reason_and_only_then(
    house: House, lab_run: Run, upstream_registry: Registry
) -> None:
    first = owned(house.derive())
    assert house.said() == f"{NONE} is up to date"
    house.write("README", "of no importance\n")
    again = house.repository.ship("derive", f"{FILE}={house.place}")
    assert owned(again.result) == first
    assert "Step 1" not in again.output
    house.write("conf/a.txt", "B\n")
    assert house.said() == f"{ONE} under TAG by {CLASSIC}, since its inputs changed"
    text = (house.repository.folder / FILE).read_text()
    house.write(FILE, f"{text}ENV CHANGED=1\n")
    assert house.said() == f"{ONE} under TAG by {CLASSIC}, since its inputs changed"
    full = make_layers(lab_run.cache)["full"]
    name = house.upstream.reference.partition("/")[2].rpartition(":")[0]
    publish(full, upstream_registry.address, name, "3.11-slim", mark="moved")
    moved = house.derive()
    assert f"since {house.upstream.reference} is another image" in moved["summary"]
    assert re.search(r"^    \+ gcc ", moved["texts"]["bases.txt"], re.M)
    assert house.said() == f"{NONE} is up to date"
    tags = RegistryClient().list_tags(owned(moved).repository)
    assert len(tags) == 4
    assert max(tags) == owned(moved).tag


@pytest.mark.long
def test_an_old_one_is_built_anew_and_is_no_news_with_the_same_content(house: House) -> None:
    first = owned(house.derive())
    result = house.derive("--older-than-days", "0")
    assert result["summary"] == f"{NONE} was built again by {CLASSIC}, no change"
    assert owned(result) == first
    assert (
        house.derive("--no-cache")["summary"]
        == f"{NONE} was built again by {CLASSIC}, no change"
    )
    house.write(FILE, f"FROM {house.upstream.reference}\nRUN date +%s%N > /moment\n")
    changed = owned(house.derive())
    result = house.derive("--older-than-days", "0")
    assert result["summary"].endswith(", since it is older than 0 days")
    assert owned(result) != changed


def test_a_line_that_fails_is_named_and_nothing_is_published(house: House) -> None:
    house.write(FILE, f"FROM {house.upstream.reference}\nRUN true\nRUN echo so; exit 3\n")
    said = house.repository.ship("derive", f"{FILE}={house.place}")
    assert said.status == 24
    assert said.result["summary"].startswith(f"{FILE}:3: RUN: The command ")
    assert "returned a non-zero code: 3" in said.result["summary"]
    assert "\n  so\n" in said.failure["details"]
    place = Reference.parse(f"{house.place}:1").repository
    assert RegistryClient().list_tags(place) == ()


@pytest.mark.parametrize(
    ("text", "status", "why"),
    [
        (None, 14, "nowhere.docker is not in the repository"),
        ("FROM {up}-gone\n", 23, r"its registry does not have it \(nowhere.docker:1\)"),
        (
            "FROM {up}\nCOPY --from={up} /a /b\n",
            13,
            r"nowhere.docker:2: COPY: --from=\S+ is not a stage",
        ),
        ("FROM {up}\nCOPY nothing /\n", 24, "nowhere.docker:2: COPY: COPY failed: "),
    ],
)
def test_what_cannot_be_built_is_refused_with_its_place(
    house: House, text: str | None, status: int, why: str
) -> None:
    if text is not None:
        house.write("nowhere.docker", text.format(up=house.upstream.reference))
    said = house.repository.ship("derive", f"nowhere.docker={house.place}")
    assert (said.status, bool(re.search(why, said.result["summary"]))) == (status, True)


def begun(house: House) -> subprocess.Popen[str]:
    """Return a process that derives, once a RUN line of it says that it is here."""
    process = house.repository.start("derive", f"{FILE}={house.place}")
    assert process.stdout is not None
    assert any(line.strip() == "here" for line in process.stdout)
    return process


def test_a_cancelled_build_leaves_nothing(house: House) -> None:
    house.write(FILE, f"FROM {house.upstream.reference}\nRUN echo here && sleep 100\n")
    process = begun(house)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert time.monotonic() - began < 20


def test_what_a_killed_one_left_the_collector_takes(house: House) -> None:
    house.write(FILE, f"FROM {house.upstream.reference}\nRUN echo here && sleep 2\n")
    process = begun(house)
    process.kill()
    process.communicate(timeout=60)
    assert any(house.upstream.digest in name for name in house.left())
    of_base: Any = {"ancestor": house.upstream.reference}
    wait_until(
        lambda: not house.client.containers.list(all=True, filters=of_base), 30, "its container"
    )
    # Without the container, the engine may still have to name the image.
    time.sleep(1)
    house.repository.succeed("gc")


def stand_on_libpq(house: House, bases: Any) -> None:
    """Derive a base with libpq for the build and one for the runtime; have both pinned."""
    install = "RUN apt-get update && apt-get install --yes --no-install-recommends"
    clean = "rm -rf /var/lib/apt/lists/*"
    files = {
        "build": (bases.full.reference, "libpq-dev"),
        "run": (bases.slim.reference, "libpq5"),
    }
    for name, (base, package) in files.items():
        house.write(f"pq-{name}.docker", f"FROM {base}\n{install} {package} && {clean}\n")
    pairs = [f"pq-{name}.docker={house.place}-{name}" for name in files]
    result = house.repository.succeed("derive", *pairs)
    assert re.search(r"^    \+ libpq5 ", result["texts"]["bases.txt"], re.M)
    for name, dockerfile in (("build", "build.docker"), ("run", "tiny.docker")):
        text = (house.repository.folder / dockerfile).read_text()
        line = f"FROM {owned(result, f'pq-{name}.docker')}"
        house.write(dockerfile, FROM.sub(line, text))


@pytest.mark.long
def test_an_application_of_libpq_stands_on_owned_bases(
    house: House, bases: Any, own_registry: Registry
) -> None:
    """The build base has the headers, the runtime base the library, both by apt-get."""
    repository, place = house.repository, house.place
    stand_on_libpq(house, bases)
    house.write("requirements.loose.txt", "six\ndocopt\npsycopg2\n")
    code = repository.folder / "tiny" / "__init__.py"
    house.write("tiny/__init__.py", f"import psycopg2\n{code.read_text()}")
    repository.succeed("harden", "--package", ".", "--upgrade", "nothing")
    repository.commit()
    repository.succeed("check", "--package", ".")
    for call in (
        ("wheels", "--package", "."),
        ("pex", "tiny.pex", "tiny,psycopg2", "--script", "tiny"),
        ("image", "tiny"),
    ):
        made = repository.succeed(*call)
    loaded = made["properties"]["ship_image_tiny"]["loaded_as"]
    shown = house.client.containers.run(loaded, ["x"], remove=True, network_mode="none")
    assert shown == b"tiny ['x'] six\n"
    # By hand, each call is a build: the next one's collector takes what this one loaded.
    repository.succeed("gc")
    # Bases stay where they were used; a tag that goes takes its digest's name with it.
    assert house.left()
    while names := house.left():
        assert names[0].startswith(f"{place}-")
        house.client.api.remove_image(names[0], force=True)
