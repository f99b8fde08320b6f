"""The fake does what every registry does."""

from __future__ import annotations

import pytest

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.interface import Registry
from tests.contract.registry import RegistryContract
from tests.fakes.registry import MemoryRegistry


class TestMemoryRegistry(RegistryContract):
    @pytest.fixture
    def registry(self) -> Registry:
        return MemoryRegistry()

    @pytest.fixture
    def place(self) -> Repository:
        return Repository.parse("registry.test:5000/team/app")
