"""Bases whose layers are compressed with zstd, or not at all, and hardened bases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import docker.errors
import pytest
from lab.bases import Base, Bases
from lab.engine import Engine
from lab.packed_bases import KINDS, publish_hardened, publish_packed, split_status
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


@dataclass(frozen=True)
class Place:
    """A repository on the usual bases, and its own registry."""

    repository: Repository
    registry: str

    def own(self, name: str, usual: Base, base: Base) -> str:
        """Copy the *usual* base, and then *base* as a newer one; return its reference."""
        target = f"{self.registry}/{name}"
        self.repository.succeed("retag", f"{usual.reference}={target}")
        copied = self.repository.succeed("retag", f"{base.reference}={target}")
        assert "packages: 0 of" in copied["texts"]["bases.txt"], copied["texts"]
        owned = copied["properties"]["ship_bases"][base.reference]
        assert owned["digest"] == base.digest
        return str(owned["reference"])

    def build_on(self, file: str, reference: str) -> None:
        """Let a Dockerfile begin with a base."""
        path = self.repository.folder / file
        _, *rest = path.read_text().splitlines(keepends=True)
        path.write_text(f"FROM {reference}\n{''.join(rest)}")

    def ship(self, target: str) -> str:
        """Build and publish the application; return the reference of its image."""
        self.repository.commit()
        pex = ("--pex", "tiny.pex=tiny", "--script", "tiny")
        self.repository.succeed("build", "--package", ".", *pex, "--image", "tiny")
        pushed = self.repository.succeed("push", "tiny", f"{self.registry}/{target}")
        return f"{self.registry}/{target}@{pushed['properties']['ship_pushed_tiny']['digest']}"


@pytest.fixture
def place(
    engine: Engine,
    hardened: Repository,
    bases: Bases,
    own_registry: Registry,
    tmp_path: Path,
) -> Place:
    return Place(copy_of(hardened, tmp_path, bases), f"{own_registry.address}/{tmp_path.name}")


def skip_on_an_old_engine() -> None:
    """Skip a test with zstd on Docker Engine 20.10, which says "invalid tar header"."""
    client = docker.from_env()
    version = str(client.version()["Version"])
    client.close()
    if int(version.partition(".")[0]) < 23:
        pytest.skip(f"Docker Engine {version} cannot unpack zstd layers: use --own-engine")


def run(reference: str, *arguments: str, entrypoint: str | None = None) -> bytes:
    """Pull an image by digest, and run it as nobody without a network."""
    client = docker.from_env()
    try:
        client.images.pull(reference)
        said: bytes = client.containers.run(
            reference,
            [*arguments],
            entrypoint=entrypoint,
            remove=True,
            network_mode="none",
            user="65534",
            read_only=True,
        )
        client.images.remove(reference)
    finally:
        client.close()
    return said


@pytest.mark.long
def test_a_base_is_copied_built_on_and_run(
    place: Place, packing: str, packed: Bases, bases: Bases
) -> None:
    if packing == "zstd":
        skip_on_an_old_engine()
    place.build_on("tiny.docker", place.own("slim", bases.slim, packed.slim))
    place.build_on("build.docker", place.own("full", bases.full, packed.full))
    place.repository.succeed("harden", "--package", ".")
    assert run(place.ship("tiny"), "a") == b"tiny ['a'] six\n"


@pytest.mark.long
def test_an_image_on_a_base_without_a_shell_runs(
    place: Place, bases: Bases, lab_run: Run, upstream_registry: Registry
) -> None:
    skip_on_an_old_engine()
    base = publish_hardened(lab_run.cache, upstream_registry.address, "hardened")
    place.build_on("tiny.docker", place.own("slim", bases.slim, base))
    reference = place.ship("tiny")
    assert run(reference, "a") == b"tiny ['a'] six\n"
    with pytest.raises(docker.errors.APIError, match="sh"):
        run(reference, "-c", "true", entrypoint="/bin/sh")


def test_the_media_types_are_those_of_the_specification() -> None:
    assert KINDS["zstd"].endswith(".layer.v1.tar+zstd")
    assert KINDS["plain"].endswith(".layer.v1.tar")


def test_a_status_is_split_into_a_file_for_each_installed_package() -> None:
    status = (
        "Package: a\nStatus: install ok installed\nVersion: 1\n\n"
        "Package: b\nStatus: deinstall ok config-files\nVersion: 2\n"
    )
    files = split_status(status)
    assert files["var/lib/dpkg/status.d/a"] == b"Package: a\nVersion: 1\n"
    assert "var/lib/dpkg/status.d/b" not in files
