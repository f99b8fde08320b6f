"""A house with a master as the example has it, and a git server that wants a login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from lab.bases import Bases, publish_bases, publish_newer_slim
from lab.buildmaster import Master
from lab.debian import SHOWN
from lab.git_login import GitLogin, over_http, over_ssh
from lab.git_server import BRANCH, Developer, git
from lab.pins import own_copies, pin
from lab.ports import free_port
from lab.registries import Registry
from lab.rest import Json, result_name
from lab.runs import Run
from lab.settings import (
    DERIVE,
    GIT_READER_SECRET,
    GIT_SECRET,
    HARDEN,
    Settings,
    host_ca_bundle,
    host_index_url,
)
from lab.story import PINNING, Story, hardened_files
from lab.worker import ProcessWorker

LOOSE = "requirements.loose.txt"
LIMIT = "-c limits.txt\n"
DERIVED, OWNED, PAGE = "data.docker", "python314-data", "fancycalculator.docker"
SECONDS = 600.0
SERVERS: dict[str, Callable[[Path], AbstractContextManager[GitLogin]]] = {
    "ssh": over_ssh,
    "http": over_http,
}


@dataclass
class House:
    """A master, a worker, a developer, the registries, and a git server."""

    run: Run
    master: Master
    story: Story
    git_login: GitLogin
    upstream: Registry
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def developer(self) -> Developer:
        return self.story.developer

    @property
    def server(self) -> Path:
        return self.developer.repository

    def move_upstream(self, version: str) -> None:
        """Give upstream's slim base a newer package."""
        publish_newer_slim(self.run.cache, self.upstream.address, "libc6", version, SHOWN)

    def build(self, builder: str, **parameters: Any) -> Json:
        """Run a nightly builder now; return its last build once it has ended."""
        rest = self.master.rest
        build = rest.wait(rest.force(builder, **parameters), SECONDS, self.run.say)
        while result_name(build["results"]) == "RETRY":
            number = rest.next_try(build)
            build = rest.wait(number, SECONDS, self.run.say)
        return build

    def said(self, build: Json, step: str) -> str:
        """Return what a step of a build says on the build page."""
        steps = self.master.rest.steps(build["buildid"])
        return str(next(s for s in steps if s["name"] == step)["state_string"])

    def branches(self) -> dict[str, str]:
        """Return the commits of all branches of the server, by name."""
        shown = git(self.server, "for-each-ref", "--format=%(refname:short) %(objectname)")
        return dict(line.split() for line in shown.splitlines())

    def proposals(self) -> list[str]:
        """Return the branches that propose something, in order."""
        return sorted(name for name in self.branches() if name.startswith("ship/"))

    def message(self, branch: str) -> str:
        """Return what the commit of a branch says."""
        return git(self.server, "show", "-s", "--format=%B", branch)

    def changed(self, branch: str) -> list[str]:
        """Return the files that a proposal changes."""
        return git(self.server, "diff", "--name-only", f"{branch}^", branch).split()

    def lines(self, branch: str) -> list[str]:
        """Return the lines that a proposal takes out and puts in."""
        diff = git(self.server, "diff", "-U0", f"{branch}^", branch).splitlines()
        return [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]

    def hook(self, text: str | None) -> None:
        """Give the server a pre-receive hook, or take it away."""
        path = self.server / "hooks" / "pre-receive"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)


def publish(house: House) -> None:
    """Put a commit on the main branch whose strict file holds an older idna than it need."""
    story, developer = house.story, house.developer
    story.pin(story.retag())
    stand_on_a_derived_base(house)
    loose = developer.tree / LOOSE
    plain = loose.read_text()
    developer.write({LOOSE: plain + LIMIT, "limits.txt": "idna<3.5\n"})
    harden(house, "all")
    (developer.tree / "limits.txt").unlink()
    developer.write({LOOSE: plain})
    harden(house, "nothing")
    house.seen["main"] = story.publish()


def stand_on_a_derived_base(house: House) -> None:
    """Derive a base of upstream's slim one, and put the page on it."""
    upstream, developer = house.master.settings.upstream, house.developer
    text = f"FROM {upstream}/python:{SHOWN}-slim\nRUN mkdir /data && echo here > /data/where\n"
    developer.write({DERIVED: text})
    developer.commit("Derive a base")
    developer.push(PINNING)
    build = house.build(DERIVE, branch=PINNING)
    assert build["results"] == 0, "\n".join(house.master.rest.failing_logs(build["buildid"]))
    properties = house.master.rest.properties(build["buildid"])
    own = own_copies(properties, house.master.settings.registry)
    page = developer.tree / PAGE
    copies = {"python314-slim": own[OWNED]}
    developer.write({PAGE: pin(page.read_text(encoding="utf-8"), copies)})


def harden(house: House, upgrade: str) -> None:
    developer = house.developer
    developer.commit(f"Harden: {upgrade}")
    developer.push(PINNING)
    build = house.build(HARDEN, branch=PINNING, upgrade=upgrade)
    assert build["results"] == 0, "\n".join(house.master.rest.failing_logs(build["buildid"]))
    developer.write(hardened_files(house.master, build["buildid"]))


@dataclass(frozen=True)
class Registries:
    """The team's registry, the one that plays upstream, and the bases in it."""

    own: Registry
    upstream: Registry
    bases: Bases


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Beside other groups, tell the story once: `test_git_login` has both logins."""
    alone = len(config.args) == 1
    out = [item for item in items if not alone and _is_over_http(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def _is_over_http(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return bool(parameters.get("house") == "http")


@pytest.fixture(scope="session")
def registries(
    own_registry: Registry, upstream_registry: Registry, example_bases: Bases
) -> Registries:
    """What the houses share."""
    return Registries(own_registry, upstream_registry, example_bases)


def settings_of(name: str, server: GitLogin, registries: Registries) -> Settings:
    """Return the settings of the house called *name*, whose repository is on *server*."""
    bundle = host_ca_bundle()
    return Settings.on_free_ports(
        git_url=server.url("calculator"),
        git_user=server.user,
        git_reader=server.reader,
        git_known_hosts=server.known_hosts or None,
        registry=f"{registries.own.address}/review-{name}",
        upstream=registries.bases.prefix,
        worker_name=f"review-{name}",
        worker_password="only-for-tests",
        ca_bundle=str(bundle) if bundle else None,
        index_url=host_index_url(),
        derived=f"{DERIVED}={OWNED}",
    )


@pytest.fixture(scope="module", params=sorted(SERVERS, reverse=True))
def house(
    request: pytest.FixtureRequest,
    lab_run: Run,
    registries: Registries,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """The house over one kind of server, with one commit on its main branch.

    What moved upstream moves back in the end: other groups use these bases.
    """
    name = request.param
    with SERVERS[name](tmp_path_factory.mktemp(name) / "server") as server:
        settings = settings_of(name, server, registries)
        secrets = {
            GIT_SECRET: server.password,
            GIT_READER_SECRET: server.reader_password,
        }
        master = Master(lab_run, settings, name=f"master-{name}", secrets=secrets)
        story = Story(master, server.repository("calculator"), lab_run.say)
        house = House(lab_run, master, story, server, registries.upstream)
        worker = ProcessWorker(lab_run, settings)
        try:
            story.found()
            master.create()
            master.start()
            worker.start()
            publish(house)
            yield house
        finally:
            master.stop()
            worker.stop()
            publish_bases(lab_run.cache, registries.upstream.address, minor=SHOWN)


@contextmanager
def beside(house: House) -> Iterator[House]:
    """Run another master with a worker of its own over the same repository and registry."""
    settings = replace(
        house.master.settings,
        web_port=free_port(),
        worker_port=free_port(),
        worker_name=f"{house.master.settings.worker_name}-beside",
    )
    name, secrets = f"{house.master.name}-beside", house.master.secrets
    master = Master(house.run, settings, name=name, secrets=secrets)
    worker = ProcessWorker(house.run, settings)
    try:
        master.create()
        master.start()
        worker.start()
        yield replace(house, master=master)
    finally:
        master.stop()
        worker.stop()


__all__ = ["BRANCH"]
