"""One master, its workers, a registry behind a proxy: where the faults happen."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import attrs

from buildbot_ship.model.reference import Repository
from buildbot_ship.registry.client import RegistryClient
from lab.bases import Bases
from lab.buildmaster import Master
from lab.errors import LabError
from lab.git_server import Developer, GitServer
from lab.leftovers import OWNER
from lab.other_engine import OtherEngine
from lab.registries import LocalRegistry, Registry
from lab.rest import Json, Rest, result_name
from lab.runs import Run
from lab.scene.faults import Proxy
from lab.settings import Settings
from lab.waiting import MASTER_POLL_SECONDS, wait_until
from lab.worker import ProcessWorker, owner

SECRET = "tr0ub4dor/&3\"+'\\ \N{SNOWMAN}"  # noqa: S105  # planted, and searched
USER = "robot"
TIDY_SECONDS = 60.0


@dataclass(frozen=True)
class FaultSettings(Settings):
    """Settings of the scene's master.

    They name its database, the user of its registry, and the *engine* of its
    steps.
    """

    database: str = "sqlite:///state.sqlite"
    engine: str = ""

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the master's process."""
        own = {
            "SHIP_WORKER_PASSWORD": self.worker_password,
            "SHIP_REGISTRY_USER": USER,
            "SHIP_DATABASE": self.database,
            "DOCKER_HOST": self.engine,
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
    """The parts, and what tests do with them.

    *workers* are by name; only the first one runs.  *files* are those of each commit.
    """

    run: Run
    settings: FaultSettings
    master: Master
    workers: Mapping[str, ProcessWorker]
    engine: OtherEngine
    registry: Registry
    proxy: Proxy
    git: GitServer
    developer: Developer
    client: Any
    bases: Bases
    files: dict[str, bytes] = field(default_factory=dict)
    published_commit: str = ""

    @property
    def rest(self) -> Rest:
        """Return the master's REST API."""
        return self.master.rest

    @property
    def worker(self) -> ProcessWorker:
        """Return the worker that runs."""
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
        return self.ended(self.request_of(build), timeout)

    def request_of(self, build: int) -> int:
        """Return the ID of the request of a build."""
        return int(self.rest.build(build)["buildrequestid"])

    def ended(self, request: int, timeout: float = 180.0) -> Outcome:
        """Wait until a request is complete; return all its builds."""

        def is_complete() -> bool:
            (found,) = self.rest.get(f"buildrequests/{request}")["buildrequests"]
            return bool(found["complete"])

        what = f"the end of request {request}"
        wait_until(is_complete, timeout, what, poll=MASTER_POLL_SECONDS)
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
        return [
            each["Names"][0].lstrip("/")
            for each in found
            if each["Labels"][OWNER] in self._owners()
        ]

    def ledger(self) -> list[str]:
        """Return the images in our workers' ledgers, without tools images.

        The engine itself says which containers and networks there are; an entry of one that was
        never made stays for a minute.
        """
        folders = (self.run.folder / f"{name}.state" / "ledger" for name in self.workers)
        paths = (path for folder in folders for path in folder.glob("*.json"))
        return [path.name for path in paths if path.name.startswith("image-")]

    def networks(self) -> list[str]:
        """Return the names of our workers' networks."""
        found = self.client.api.networks(filters={"label": OWNER})
        return [each["Name"] for each in found if each["Labels"][OWNER] in self._owners()]

    def _owners(self) -> set[str]:
        return {owner(self.run, worker.settings) for worker in self.workers.values()}

    def verbs(self, verb: str = "") -> list[int]:
        """Return the processes of our workers that run a verb, or any verb."""
        folders = [f"{self.run.folder / name}/" for name in self.workers]
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                is_verb = words[2:4] == ["-m", "buildbot_ship"] and verb in ("", words[4])
                if is_verb and os.readlink(process / "cwd").startswith(tuple(folders)):
                    found.append(int(process.name))
        return found

    def ever_published(self, tag: str, name: str = "tiny") -> list[str]:
        """Return the digest of each manifest that the tag has ever named.

        The registry keeps the history of a tag in its storage, and this is one of ours.
        """
        if not isinstance(self.registry, LocalRegistry):
            raise LabError("the history of a tag needs Debian's docker-registry: install it")
        root = self.registry.storage / "docker/registry/v2/repositories/team" / name
        index = root / "_manifests" / "tags" / tag / "index"
        return [f"{path.parent.name}:{path.name}" for path in index.glob("*/*")]

    def shipped(self) -> str:
        """Return a commit that is published, the same one each time."""
        if not self.published_commit:
            commit = self.commit()
            outcome = self.ship(commit)
            if outcome.tries != ["SUCCESS"]:
                raise LabError(f"the commit was not shipped: {outcome.tries} {outcome.said}")
            self.published_commit = commit
        return self.published_commit

    def wait_until_tidy(self) -> None:
        """Wait until no build runs and nothing of ours is left.  Raises LabError."""
        wait_until(
            lambda: not self.rest.running() and not self.leftovers(),
            TIDY_SECONDS,
            "an engine without leftovers",
            explain=lambda: f"left: {self.leftovers()}",
        )

    def leftovers(self) -> list[str]:
        """Return what our workers have in the engine now, without tools images."""
        return [*self.containers(), *self.networks(), *self.ledger()]

    def stop(self) -> None:
        """Stop the master, which cancels its builds, and the workers."""
        self.master.stop()
        for worker in self.workers.values():
            worker.stop()
