"""Fixtures for the tests of shipped images that run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab.pins import pin
from lab.sealing import PRODUCTION, Keys, seal_token
from lab.story import EXAMPLE

import docker
from tests.repository import Repository

USER = 65534
"""The user that containers run as. The image has no such user, and need not have it."""
BUILD = (
    "build --package . --module twisted"
    " --pex twist.pex=twisted,calculator[service] --image remotemath"
    " --pex fc-twist.pex=twisted,calculator[page] --image fancycalculator"
)


@dataclass(frozen=True)
class Shipped:
    """The two images of docker/example in a registry, and the key that opens their secret."""

    repository: Repository
    remotemath: str
    """The reference by digest."""
    fancycalculator: str
    key: Path
    """The private key, which user 65534 can read."""


@pytest.fixture(scope="session")
def client(engine: object) -> Iterator[docker.DockerClient]:
    """The engine as another user sees it."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def shipped(
    engine: object,
    example_bases: Any,
    own_registry: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Shipped:
    """Both images of docker/example, built from a commit and published, once for a session."""
    folder = tmp_path_factory.mktemp("shipped")
    repository = example_repository(folder, example_bases)
    keys = Keys(folder / "keys", repository.folder)
    keys.make()
    seal_token(repository.folder)
    repository.commit()
    to = f"{own_registry.address}/article"
    properties = repository.succeed(*BUILD.split(), "--to", to)["properties"]
    pushed = {
        name: f"{to}/{name}@{properties[f'ship_pushed_{name}']['digest']}"
        for name in ("remotemath", "fancycalculator")
    }
    key = keys.file(PRODUCTION)
    # The engine mounts the file itself, so the folder above it may stay private.
    os.chown(key, USER, USER)
    return Shipped(repository, key=key, **pushed)


def example_repository(folder: Path, bases: Any) -> Repository:
    """Return a repository with the files of docker/example, on these bases."""
    repository = Repository(folder / "app", folder / "state")
    shutil.copytree(EXAMPLE, repository.folder, ignore=shutil.ignore_patterns("__pycache__"))
    copies = {"python314": bases.full.reference, "python314-slim": bases.slim.reference}
    for path in repository.folder.glob("*.docker"):
        path.write_text(pin(path.read_text(encoding="utf-8"), copies), encoding="utf-8")
    repository.git("init", "-q", "-b", "main")
    return repository
