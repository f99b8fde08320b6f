"""Bases whose layers are compressed with zstd, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.bases import Bases
from lab.engine import Engine
from lab.packed_bases import KINDS, publish_packed
from lab.registries import Registry
from lab.runs import Run

import docker
from tests.repository import Repository, copy_of


@pytest.fixture(scope="session", params=["zstd", "plain"])
def packing(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def packed(packing: str, lab_run: Run, upstream_registry: Registry) -> Bases:
    """The bases of the other tests, with their layers packed in another way."""
    return publish_packed(lab_run.cache, upstream_registry.address, packing, packing)


def test_a_base_is_copied_built_on_and_run(
    *,
    packing: str,
    packed: Bases,
    engine: Engine,
    hardened: Repository,
    bases: Bases,
    own_registry: Registry,
    tmp_path: Path,
) -> None:
    repository = copy_of(hardened, tmp_path, bases)
    place = f"{own_registry.address}/world-{packing}"
    repository.succeed("retag", f"{bases.slim.reference}={place}/slim")
    copies = [f"{packed.slim.reference}={place}/slim", f"{packed.full.reference}={place}/full"]
    copied = repository.succeed("retag", *copies)
    assert "packages: 0 of" in str(copied["texts"])
    owned = copied["properties"]["ship_bases"]
    digests = {base["digest"] for base in owned.values()}
    assert digests == {packed.slim.digest, packed.full.digest}
    for file, base in (("tiny.docker", packed.slim), ("build.docker", packed.full)):
        old = (repository.folder / file).read_text().splitlines()[0]
        new = f"FROM {owned[base.reference]['reference']}"
        path = repository.folder / file
        path.write_text(path.read_text().replace(old, new))
    repository.succeed("harden", "--package", ".")
    repository.commit()
    pex = ("--pex", "tiny.pex=tiny", "--script", "tiny")
    target = f"{place}/tiny"
    repository.succeed("build", "--package", ".", *pex, "--image", "tiny")
    pushed = repository.succeed("push", "tiny", target)["properties"]["ship_pushed_tiny"]
    reference = f"{target}@{pushed['digest']}"
    client = docker.from_env()
    client.images.pull(reference)
    said: bytes = client.containers.run(reference, ["a"], remove=True, network_mode="none")
    client.images.remove(reference)
    client.close()
    assert said == b"tiny ['a'] six\n"


def test_the_media_types_are_those_of_the_specification() -> None:
    assert KINDS["zstd"].endswith(".layer.v1.tar+zstd")
    assert KINDS["plain"].endswith(".layer.v1.tar")
