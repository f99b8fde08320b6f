"""A factory of one's own, as the README shows it, and a worker in its own environment."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab.bases import Bases
from lab.buildmaster import Master
from lab.git_server import GitServer, git
from lab.registries import Registry
from lab.rest import Json, result_name
from lab.runs import Run
from lab.settings import Settings, host_ca_bundle, host_index_url
from lab.worker import ProcessWorker

from tests.repository import new_repository

TOP = Path(__file__).resolve().parents[2]
README = (TOP / "README.md").read_text(encoding="utf-8")
MASTER = """\
import os
from buildbot.plugins import schedulers, steps, util, worker

factory = util.BuildFactory()
factory.addStep(steps.Git(os.environ["SHIP_GIT_URL"], mode="full", method="fresh"))
{snippet}
c = BuildmasterConfig = {{
    "workers": [worker.Worker("own-worker", "own")],
    "protocols": {{"pb": {{"port": os.environ["SHIP_WORKER_PORT"]}}}},
    "builders": [util.BuilderConfig("ship", workernames=["own-worker"], factory=factory)],
    "schedulers": [schedulers.ForceScheduler("force-ship", builderNames=["ship"])],
    "www": {{"port": "tcp:" + os.environ["SHIP_WEB_PORT"]}},
    "buildbotURL": os.environ["SHIP_URL"],
    "buildbotNetUsageData": None,
}}
"""
SETUP = "from setuptools import setup\nsetup(name='app', version='1', packages=['app'])\n"
APP = """\
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


def snippet(language: str) -> str:
    """Return the first block of the README in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.S | re.M)
    assert found
    return found[1]


def environment(folder: Path) -> Path:
    """Make a virtual environment with the tests' packages; return its folder of programs."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    ours = sysconfig.get_path("purelib")
    (site / "ours.pth").write_text(
        f"import sys, site; sys.path.insert(0, {str(TOP)!r}); site.addsitedir({ours!r})\n"
    )
    script = folder / "bin" / "twistd"
    script.write_text(f"#!{folder}/bin/python\nfrom twisted.scripts.twistd import run\nrun()\n")
    script.chmod(0o755)
    return folder / "bin"


@dataclass
class Own:
    """The master, and what is in the engine's list of images."""

    master: Master
    target: str

    def ship(self) -> Json:
        rest = self.master.rest
        return rest.wait(rest.force("ship"), 300)


@pytest.fixture
def own(lab_run: Run, bases: Bases, own_registry: Registry, tmp_path: Path) -> Iterator[Own]:
    repository = new_repository(tmp_path, bases)
    docker = snippet("dockerfile")
    files = {"app.docker": re.sub(r"^FROM .*", f"FROM {bases.slim.reference}", docker)}
    files |= {"setup.py": SETUP, "app/__init__.py": "", "app/__main__.py": APP}
    files |= {"requirements.loose.txt": ""}
    for name, text in files.items():
        (repository.folder / name).parent.mkdir(exist_ok=True)
        (repository.folder / name).write_text(text)
    repository.succeed("harden", "--package", ".")
    repository.commit()
    server = GitServer.start(lab_run)
    git(tmp_path, "clone", "--quiet", "--bare", str(repository.folder), f"{server.folder}/own")
    settings = Settings.on_free_ports(
        git_url=server.url("own"), registry="unused", worker_password="own",
        worker_name="own-worker",
    )  # fmt: skip
    target = f"{own_registry.address}/own"
    code = snippet("python").replace("registry.example.com/team", target)
    config = tmp_path / "master.cfg"
    options = {
        "index_url": host_index_url(),
        "ca_bundle": host_ca_bundle() and str(host_ca_bundle()),
    }
    given = ", ".join(f"{name}={value!r}" for name, value in options.items() if value)
    code = code.replace('BuildWheels(packages=["."]', f'BuildWheels(packages=["."], {given}')
    config.write_text(MASTER.format(snippet=code))
    master = Master(lab_run, settings, name="own-master", config=config)
    master.create()
    master.start()
    worker = ProcessWorker(lab_run, settings, environment(tmp_path / "own-environment"))
    worker.start()
    yield Own(master, target)
    worker.stop()
    master.stop()


def images() -> set[str]:
    """Return the temporary images of builds in the engine."""
    import docker  # noqa: PLC0415  # it takes 0.4 s

    client = docker.from_env()
    tags = {tag for image in client.api.images() for tag in image["RepoTags"] or ()}
    client.close()
    return {tag for tag in tags if tag.startswith("ship.local/app:")}


def test_the_readme_s_factory_ships_and_leaves_nothing_in_the_engine(
    own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = images()
    build = own.ship()
    steps = own.master.rest.steps(build["buildid"])
    said = [(step["name"], step["state_string"]) for step in steps]
    assert result_name(build["results"]) == "SUCCESS", said
    assert "pushed" in dict(said)["push"], said
    assert images() == before
