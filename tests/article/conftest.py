"""Fixtures for the tests of shipped images that run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import docker


@pytest.fixture(scope="session")
def client(engine: object) -> Iterator[docker.DockerClient]:
    """The engine as another user sees it."""
    client = docker.from_env()
    yield client
    client.close()
