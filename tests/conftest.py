"""The machine to play on, shared by every group of one run.

What is slow to import or to make is imported and made by the first test that asks for it, so
the unit tests pay for none of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from lab.engine import Engine
from lab.runs import Run, running

from tests.alone import leave_out_beside_others

if TYPE_CHECKING:
    from pathlib import Path

    from lab.bases import Bases
    from lab.registries import Registry

    from tests.repository import Repository

log = logging.getLogger("lab")


@pytest.fixture(scope="session")
def lab_run() -> Iterator[Run]:
    """This session's place in the cache; what it started ends with it."""
    with running("tests", log.info) as run:
        yield run


collect_ignore = ["kinds"]
"""Repositories of the tests of ``init``, which have tests of their own."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let two sessions work side by side, though tests count what is in their engine."""
    parser.addoption("--own-engine", action="store_true", help="use an engine of its own")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other groups, leave out the tests that are marked as long."""
    leave_out_beside_others(config, items, lambda item: bool(item.get_closest_marker("long")))


@pytest.fixture(scope="session")
def engine(lab_run: Run, pytestconfig: pytest.Config) -> Iterator[Engine]:
    """A Docker Engine that answers: the machine's, or one of the session (--own-engine)."""
    if not pytestconfig.getoption("own_engine"):
        lab_run.start_engine()
        yield lab_run.engine
        return
    from lab.other_engine import OtherEngine  # noqa: PLC0415

    other = OtherEngine(lab_run, "overlay2", "session")
    with pytest.MonkeyPatch.context() as patch:
        try:
            other.start()
            patch.setenv("DOCKER_HOST", other.address)
            yield lab_run.engine
        finally:
            other.kill()


@pytest.fixture(scope="session")
def upstream_registry(engine: Engine, lab_run: Run) -> Registry:
    """The registry that plays the public hub; holds what `bases` publishes."""
    from lab.registries import serve  # noqa: PLC0415

    return serve(lab_run, "upstream")


@pytest.fixture(scope="session")
def own_registry(engine: Engine, lab_run: Run) -> Registry:
    """The team's own registry, empty at first."""
    from lab.registries import serve  # noqa: PLC0415

    return serve(lab_run, "own")


@pytest.fixture(scope="session")
def bases(lab_run: Run, upstream_registry: Registry) -> Bases:
    """The two base images, published upstream."""
    from lab.bases import publish_bases  # noqa: PLC0415

    return publish_bases(lab_run.cache, upstream_registry.address)


@pytest.fixture(scope="session")
def example_bases(lab_run: Run, upstream_registry: Registry) -> Bases:
    """The bases of the example and its master, published upstream."""
    from lab.bases import publish_bases  # noqa: PLC0415
    from lab.debian import SHOWN  # noqa: PLC0415

    return publish_bases(lab_run.cache, upstream_registry.address, minor=SHOWN)


@pytest.fixture(scope="session")
def hardened(
    engine: Engine, bases: Bases, tmp_path_factory: pytest.TempPathFactory
) -> Repository:
    """A repository with its strict file and build lock committed."""
    from tests.repository import new_repository  # noqa: PLC0415

    repository = new_repository(tmp_path_factory.mktemp("hardened"), bases)
    repository.succeed("harden", "--package", ".")
    repository.commit()
    return repository


@pytest.fixture(scope="session")
def warm_cache(
    hardened: Repository, bases: Bases, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The cache of a worker that has built the commit of `hardened` once.

    A test that is about something else starts with a copy, and builds only what it changes.
    """
    from tests.repository import copy_of  # noqa: PLC0415

    repository = copy_of(hardened, tmp_path_factory.mktemp("warm"), bases)
    pex = ("--pex", "tiny.pex=tiny", "--script", "tiny")
    repository.succeed("build", "--package", ".", *pex, "--image", "tiny")
    repository.succeed("gc")
    return repository.cache
