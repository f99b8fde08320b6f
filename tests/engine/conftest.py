"""A repository of each test's own, on the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import docker
from tests.repository import Repository, copy_of, left_behind, wait_for_container

from .guarded import guarded, secure, tokens
from .yard import yard

__all__ = [
    "Repository",
    "guarded",
    "left_behind",
    "secure",
    "tokens",
    "wait_for_container",
    "yard",
]


@pytest.fixture
def repository(
    hardened: Repository, warm_cache: Path, bases: Any, tmp_path: Path
) -> Repository:
    """A hardened repository of the test's own, whose worker has built this commit before."""
    return copy_of(hardened, tmp_path, bases, warm_cache)


@pytest.fixture
def cold_repository(hardened: Repository, bases: Any, tmp_path: Path) -> Repository:
    """A hardened repository of the test's own, whose worker has never built anything."""
    return copy_of(hardened, tmp_path, bases)


@pytest.fixture(scope="session")
def client(engine: object) -> Iterator[docker.DockerClient]:
    """The engine as somebody else sees it."""
    client = docker.from_env()
    yield client
    client.close()
