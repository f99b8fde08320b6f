"""The same commit, made on engines of different versions and stores, is the same bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lab.progress import table

from tests.engines.conftest import FIRST, NAMES, NEWEST_CLASSIC, NEWEST_CONTAINERD, Host
from tests.repository import OWNER, Repository, copy_of

if TYPE_CHECKING:
    from lab.bases import Bases
    from lab.registries import Registry


@dataclass(frozen=True)
class Made:
    """What one engine made of the commit, and where that was published."""

    repository: Repository
    target: str
    wheels: dict[str, str]
    pex: str
    image: dict[str, Any]
    pushed: dict[str, Any]

    @property
    def digests(self) -> dict[str, str]:
        """Return every digest by the name of its artefact."""
        ids = {name: str(self.image[name]) for name in ("image_id", "manifest_digest")}
        named = {"tiny.pex": self.pex, **ids, "published": str(self.pushed["digest"])}
        return {"commit": self.repository.git("rev-parse", "HEAD"), **self.wheels, **named}


def make(host: Host, repository: Repository, target: str) -> Made:
    repository.environment["DOCKER_HOST"] = host.address
    wheels = repository.succeed("wheels", "--package", ".")["texts"]["wheels.txt"]
    pex = repository.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")["properties"]
    image = repository.succeed("image", "tiny")["properties"]
    pushed = repository.succeed("push", "tiny", target)["properties"]
    by_name = {line.split()[1]: line.split()[0] for line in wheels.splitlines()}
    return Made(
        repository,
        target,
        by_name,
        pex["ship_pex_tiny.pex"],
        image["ship_image_tiny"],
        pushed["ship_pushed_tiny"],
    )


@pytest.fixture(scope="session")
def made(
    hosts: dict[str, Host],
    hardened: Repository,
    bases: Bases,
    own_registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Made]:
    """What every engine made of one commit: a work folder and a repository for each."""

    names = list(hosts)

    def on(name: str) -> Made:
        folder = tmp_path_factory.mktemp(f"on-{names.index(name)}")
        target = f"{own_registry.address}/engines-{names.index(name)}/tiny"
        return make(hosts[name], copy_of(hardened, folder, bases), target)

    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(on, names), strict=True))


@pytest.mark.long
def test_the_engines_differ_in_version_and_store(hosts: dict[str, Host]) -> None:
    infos = {name: host.client.info() for name, host in hosts.items()}
    versions = {name: info["ServerVersion"] for name, info in infos.items()}
    assert versions[NEWEST_CLASSIC] == versions[NEWEST_CONTAINERD]
    majors = {name: version.split(".")[0] for name, version in versions.items()}
    assert majors[NEWEST_CLASSIC] == "28"
    assert len(set(majors.values())) == 3
    stores = [infos[name]["Driver"] for name in NAMES]
    assert stores == ["overlay2", "overlay2", "overlayfs", "overlayfs"]


def test_one_commit_is_the_same_bytes_on_every_engine(made: dict[str, Made]) -> None:
    artefacts = list(made[FIRST].digests)
    rows = [[each, *(by.digests.get(each, "") for by in made.values())] for each in artefacts]
    print(table(["artefact", *made], rows))
    assert {"six", "docopt", "tiny"} <= {name.split("-")[0] for name in artefacts}
    assert len(made) >= 2
    for by in made.values():
        assert by.digests == made[FIRST].digests


def test_an_image_runs_where_it_was_made(host: Host, made: dict[str, Made]) -> None:
    assert run(host, made[host.name].image["loaded_as"]) == "tiny ['a', 'b'] six\n"


def test_an_image_that_another_engine_made_runs_by_digest(
    host: Host, made: dict[str, Made]
) -> None:
    names = list(made)
    another = made[names[names.index(host.name) - 1]]
    reference = f"{another.target}@{another.pushed['digest']}"
    host.client.images.pull(reference)
    assert run(host, reference) == "tiny ['a', 'b'] six\n"
    host.client.images.remove(reference)


def test_the_collector_leaves_nothing_of_a_build(
    host: Host, made: dict[str, Made], bases: Bases
) -> None:
    repository = made[host.name].repository
    again = repository.succeed("image", "tiny")["properties"]["ship_image_tiny"]
    assert again["manifest_digest"] == made[host.name].image["manifest_digest"]
    assert repository.succeed("gc")["properties"]["ship_removed"] != []
    names = {tag for image in host.client.images.list() for tag in image.tags}
    assert names.isdisjoint({made[host.name].image["loaded_as"], again["loaded_as"]})
    mine = {"label": f"{OWNER}={repository.owner}"}
    assert host.client.api.containers(all=True, filters=mine) == []
    assert repository.succeed("gc")["properties"]["ship_removed"] == []
    # What it stood on is not ours to remove.
    assert host.client.images.get(
        f"{bases.slim.reference.rpartition(':')[0]}@{bases.slim.digest}"
    )


def test_a_base_is_copied_through_the_engine(
    host: Host, made: dict[str, Made], bases: Bases, own_registry: Registry
) -> None:
    target = f"{own_registry.address}/engines-{NAMES.index(host.name)}/slim"
    copies = f"{bases.slim.reference}={target}"
    copied = made[host.name].repository.succeed("retag", "--through", "engine", copies)
    base = copied["properties"]["ship_bases"][bases.slim.reference]
    assert base["through"] == "engine"
    host.client.images.pull(f"{target}@{base['digest']}")
    python = ["python3", "-c", "print(6 * 7)"]
    reference = f"{target}@{base['digest']}"
    assert host.client.containers.run(reference, python, remove=True) == b"42\n"
    host.client.images.remove(reference)


def run(host: Host, name: str) -> str:
    output: bytes = host.client.containers.run(
        name, ["a", "b"], remove=True, network_mode="none", user="65534"
    )
    return output.decode()


@pytest.mark.parametrize("host", [NEWEST_CONTAINERD], indirect=True)
def test_an_image_that_buildkit_builds_runs(
    host: Host, hardened: Repository, bases: Bases, tmp_path: Path
) -> None:
    repository = copy_of(hardened, tmp_path, bases)
    repository.environment["DOCKER_HOST"] = host.address
    lines = ("RUN <<E > /made", "echo here", "E", "COPY --chmod=755 tiny.pex /")
    text = "\n".join((f"FROM {bases.slim.reference}", *lines, 'ENTRYPOINT ["/tiny.pex"]', ""))
    (repository.folder / "tiny.docker").write_text(text)
    repository.commit()
    repository.succeed("wheels", "--package", ".")
    repository.succeed("pex", "tiny.pex", "tiny", "--script", "tiny")
    image = repository.succeed("image", "tiny")
    why = "; built by BuildKit; not reproducible: RUN in tiny.docker:2"
    assert image["summary"].endswith(why)
    properties = image["properties"]["ship_image_tiny"]
    assert properties["builder"] == "buildkit"
    assert run(host, properties["loaded_as"]) == "tiny ['a', 'b'] six\n"
    repository.succeed("gc")
