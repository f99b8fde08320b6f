"""One master with the example's configuration, one worker, and one shipped repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.bases import Bases
from lab.buildmaster import Master
from lab.git_server import GitServer
from lab.registries import Registry
from lab.runs import Run
from lab.settings import Settings, host_ca_bundle, host_index_url
from lab.story import Story
from lab.worker import ProcessWorker
from selenium import webdriver

from tests.buildbot.browsing import chromium
from tests.buildbot.shop import Day, Shop

REPOSITORY = "calculator"


@pytest.fixture(scope="session")
def shop(lab_run: Run, own_registry: Registry, example_bases: Bases) -> Iterator[Shop]:
    """Start master and worker; the repository is the example's."""
    bundle = host_ca_bundle()
    git = GitServer.start(lab_run)
    settings = Settings.on_free_ports(
        git_url=git.url(REPOSITORY),
        registry=f"{own_registry.address}/team",
        upstream=example_bases.prefix,
        worker_password="only-for-tests",
        ca_bundle=str(bundle) if bundle else None,
        index_url=host_index_url(),
    )
    master = Master(lab_run, settings)
    story = Story(master, git.repository(REPOSITORY), lab_run.say)
    story.found()
    master.create()
    master.start()
    worker = ProcessWorker(lab_run, settings)
    worker.start()
    state = lab_run.folder / f"{settings.worker_name}.state"
    yield Shop(lab_run, master, worker, story, state)
    master.stop()
    worker.stop()


@pytest.fixture(scope="session")
def day(shop: Shop) -> Day:
    """Own the bases, pin them, harden, commit, and let the master ship the commit."""
    copies = shop.story.retag()
    shop.story.pin(copies)
    shop.story.harden()
    commit = shop.story.publish()
    shipped = shop.story.ship(commit)
    return Day(copies, commit, {image.name: image for image in shipped})


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a new profile."""
    with chromium(tmp_path) as driver:
        yield driver
