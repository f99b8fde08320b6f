"""The bases of every supported Python that Debian has."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.bases import Bases, publish_bases
from lab.debian import RECIPES
from lab.registries import Registry
from lab.runs import Run

HERE = Path(__file__).parent
NEWEST = [*RECIPES][-1]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other groups, run the newest Python only: each takes a minute."""
    out = [] if is_alone(config) else [item for item in items if _is_older(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def is_alone(config: pytest.Config) -> bool:
    """Return whether only tests of this group were chosen."""
    return all("world" in Path(argument).parts for argument in config.args)


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
