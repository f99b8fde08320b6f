"""The bases of every supported Python that Debian has."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.bases import Bases, publish_bases
from lab.debian import RECIPES
from lab.registries import Registry
from lab.runs import Run

from tests.alone import leave_out_beside_others

HERE = Path(__file__).parent
NEWEST = [*RECIPES][-1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other groups, run the newest Python only: each takes a minute."""
    leave_out_beside_others(config, items, _is_older)


def _is_older(item: pytest.Item) -> bool:
    minor = item.callspec.params.get("minor") if hasattr(item, "callspec") else None
    return HERE in item.path.parents and minor not in (None, NEWEST)


@pytest.fixture(scope="session", params=[*RECIPES])
def minor(request: pytest.FixtureRequest) -> str:
    """Each Python in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def python_bases(minor: str, lab_run: Run, upstream_registry: Registry) -> Bases:
    """The bases with this Python, published upstream."""
    return publish_bases(lab_run.cache, upstream_registry.address, minor=minor)
