"""The master of a team that polls a repository already, after its ship.cfg was appended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from lab.buildmaster import Master
from lab.git_server import GitServer, git
from lab.runs import Run
from lab.settings import Settings
from lab.waiting import wait_until

from buildbot_ship.cli import main

TEAM = """\
import os
from buildbot.plugins import changes, schedulers, util, worker

c = BuildmasterConfig = {
    "workers": [worker.Worker("team-worker", "team")],
    "protocols": {"pb": {"port": os.environ["SHIP_WORKER_PORT"]}},
    "change_source": changes.GitPoller(
        os.environ["SHIP_GIT_URL"], branch="main", pollInterval=1
    ),
    "builders": [
        util.BuilderConfig(name, workernames=["team-worker"], factory=util.BuildFactory())
        for name in ("runtests", "promote")
    ],
    "schedulers": [
        schedulers.AnyBranchScheduler("all", builderNames=["runtests"]),
        schedulers.ForceScheduler("promote-any", builderNames=["promote"]),
    ],
    "www": {
        "port": "tcp:" + os.environ["SHIP_WEB_PORT"],
        "plugins": {"ship": {"promote": "promote-any"}},
    },
    "buildbotURL": os.environ["SHIP_URL"],
    "buildbotNetUsageData": None,
}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "shop"
    top.mkdir()
    (top / "requirements.txt").write_text("flask\n")
    (top / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--message=First")
    return top


@pytest.fixture
def server(lab_run: Run) -> GitServer:
    return GitServer.start(lab_run)


@pytest.fixture
def master(
    lab_run: Run, server: GitServer, repository: Path, tmp_path: Path
) -> Iterator[Master]:
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), f"{server.folder}/shop")
    settings = Settings.on_free_ports(
        git_url=server.url("shop"), registry="unused", worker_password="team"
    )
    options = ["--registry", "registry.example.com/team", "--git-url", settings.git_url]
    assert main(["init", str(repository), *options, "--branch", "main"]) == 0
    config = tmp_path / "master.cfg"
    config.write_text(TEAM + (repository / "ship.cfg").read_text())
    running = Master(lab_run, settings, name="joined-master", config=config)
    running.create()
    running.start()
    yield running
    running.stop()


def test_the_master_starts_and_each_commit_is_built_once(
    master: Master, server: GitServer, repository: Path
) -> None:
    rest = master.rest
    builders = {each["name"] for each in rest.get("builders")["builders"]}
    assert builders >= {"runtests", "promote", "ship-shop", "harden-shop", "promote-shop"}
    (source,) = rest.get("changesources")["changesources"]
    assert source["name"] == master.settings.git_url
    git(repository, "commit", "--quiet", "--allow-empty", "--message=Second")
    # Only the second time does a poller report commits.
    polled = "gitpoller: processing changes from"
    wait_until(lambda: master.log.read_text().count(polled) > 1, 30.0, "the poller")
    git(repository, "push", "--quiet", f"{server.folder}/shop", "main")

    def wanted() -> list[str]:
        names = {each["builderid"]: each["name"] for each in rest.get("builders")["builders"]}
        rows = rest.get("buildrequests")["buildrequests"]
        return sorted(names[row["builderid"]] for row in rows)

    wait_until(lambda: len(wanted()) > 1, 30.0, "the builds of the commit")
    assert wanted() == ["runtests", "ship-shop"]
    assert len(rest.get("changes")["changes"]) == 1
    page = requests.get(f"{master.settings.url}plugins/ship/api/images", timeout=30)
    assert page.json()["actions"] == {}
