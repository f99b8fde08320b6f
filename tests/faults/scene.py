"""One master, its workers, a registry behind a proxy: where the faults happen."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import attrs
from lab.buildmaster import Master
from lab.git_server import Developer
from lab.registries import Registry
from lab.rest import Json, Rest, result_name
from lab.runs import Run
from lab.settings import Settings
from lab.waiting import wait_until
from lab.worker import ProcessWorker, owner

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.client import RegistryClient

from .proxy import Proxy
from .watch import OWNER, Foreign, Processes, secret_in_files

SECRET = "hunter2/h\"nter2+'\\ \N{SNOWMAN}"
USER = "robot"
TIDY_SECONDS = 60.0
CONFIG = Path(__file__).with_name("master.cfg")


@dataclass(frozen=True)
class FaultSettings(Settings):
    """Settings of the matrix's master: its workers, its registry's user and its database."""

    workers: tuple[str, ...] = ("faults-worker",)
    database: str = "sqlite:///state.sqlite"

    def environment(self) -> dict[str, str]:
        own = {
            "SHIP_WORKER_NAMES": " ".join(self.workers),
            "SHIP_REGISTRY_USER": USER,
            "SHIP_DATABASE": self.database,
        }
        return super().environment() | own


@attrs.frozen
class Outcome:
    """All builds of one request, oldest first, each with its steps."""

    builds: tuple[Json, ...]
    steps: tuple[tuple[Json, ...], ...]

    @property
    def tries(self) -> list[str]:
        """Return how each build ended, in Buildbot's words."""
        return [result_name(build["results"]) for build in self.builds]

    @property
    def said(self) -> str:
        """Return the summaries of the last build's failed steps, or of all its steps."""
        steps = self.steps[-1]
        failed = [step for step in steps if step["results"] not in (0, 1, 3)]
        return "\n".join(step["state_string"] for step in failed or steps)

    def step(self, name: str, build: int = -1) -> Json:
        """Return the step with this name of a build, by its place in `builds`."""
        return next(step for step in self.steps[build] if step["name"] == name)


@dataclass
class Scene:
    """The parts, and what tests do with them.  *workers* are by name; the first one runs."""

    run: Run
    settings: FaultSettings
    master: Master
    workers: Mapping[str, ProcessWorker]
    registry: Registry
    proxy: Proxy
    developer: Developer
    client: Any
    foreign: Foreign
    processes: Processes
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def rest(self) -> Rest:
        return self.master.rest

    @property
    def worker(self) -> ProcessWorker:
        return next(iter(self.workers.values()))

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> str:
        """Push a commit with the original files and these; return its hash."""
        original = dict(self.files)
        changes = {"note.txt": f"{time.time_ns()}\n", **(files or {})}
        self.developer.write({**original, **changes})
        commit = self.developer.commit("A change")
        self.developer.push()
        return commit

    def begin(self, builder: str = "ship", **parameters: Any) -> int:
        """Force a builder; return the ID of its build, which has begun."""
        return self.rest.force(builder, **parameters)

    def outcome(self, build: int, timeout: float = 180.0) -> Outcome:
        """Wait until the request of a build is complete; return all its builds."""
        request = self.rest.build(build)["buildrequestid"]

        def is_complete() -> bool:
            (found,) = self.rest.get(f"buildrequests/{request}")["buildrequests"]
            return bool(found["complete"])

        wait_until(is_complete, timeout, f"the end of request {request}")
        found = self.rest.get("builds", buildrequestid=request, order="buildid")["builds"]
        builds = tuple(self.rest.build(each["buildid"]) for each in found)
        steps = tuple(tuple(self.rest.steps(each["buildid"])) for each in builds)
        return Outcome(builds, steps)

    def ship(self, commit: str = "", timeout: float = 180.0, **parameters: Any) -> Outcome:
        """Force a build of a commit; wait for its end, retries included."""
        return self.outcome(self.begin(revision=commit, **parameters), timeout)

    def wait_for_step(self, build: int, name: str, timeout: float = 60.0) -> None:
        """Wait until a step of a build has begun."""

        def has_begun() -> bool:
            steps = self.rest.steps(build)
            return any(step["name"] == name and step["started_at"] for step in steps)

        wait_until(has_begun, timeout, f"the step {name}")

    def published(self, tag: str, name: str = "tiny") -> str | None:
        """Return the manifest digest of a tag, read from the registry itself."""
        place = f"{self.registry.address}/team/{name}"
        return RegistryClient(()).head(Repository.parse(place).tagged(tag))

    def containers(self) -> list[str]:
        """Return the names of our workers' containers."""
        found = self.client.api.containers(all=True, filters={"label": OWNER})
        owners = {owner(self.run, worker.settings) for worker in self.workers.values()}
        return [
            each["Names"][0].lstrip("/")
            for each in found
            if each["Labels"][OWNER] in owners and each["Id"] != self.foreign.container
        ]

    def ledger(self) -> list[str]:
        """Return the entries of our workers' ledgers, without those of tools images."""
        folders = (self.run.folder / f"{name}.state" / "ledger" for name in self.workers)
        paths = (path for folder in folders for path in folder.glob("*.json"))
        return [path.name for path in paths if not path.name.startswith("tools-")]

    def check_aftermath(self) -> None:
        """Check what each row checks: see the head of the matrix in docs/reliability.md."""
        wait_until(
            lambda: not self.rest.running() and not [*self.containers(), *self.ledger()],
            TIDY_SECONDS,
            "an engine without leftovers",
            explain=lambda: f"left: {self.containers()} {self.ledger()}",
        )
        assert self.foreign.gone() == []
        assert self.processes.samples > 0
        assert self.processes.hits == set()
        skip = self.master.folder / "secrets" / "registry-password"
        assert secret_in_files(SECRET, [self.run.folder], skip) == []
        images = self.client.api.images(filters={"label": OWNER})
        configs = [self.client.api.inspect_image(image["Id"])["Config"] for image in images]
        assert SECRET not in json.dumps(configs, ensure_ascii=False)
