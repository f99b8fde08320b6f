"""The collaborators of one call, built when a verb first asks for them.

Heavy imports (the Docker SDK, HTTP) happen here and only in the verb that needs them;
what only some verbs need is imported by the function that makes it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import copy
import hashlib
import os
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..daemon.interface import Daemon
from ..errors import FileMissing
from ..model import request as requests
from ..model.log import Log
from ..model.reference import Reference, Repository
from ..registry.interface import Registry
from ..source.git_tree import GitTree
from ..store.cache_interface import CacheStore
from ..store.disk_cache import DiskCache
from ..store.ledger import Ledger
from ..store.work_folder import Work

if TYPE_CHECKING:
    from ..daemon.shared.platform import Version
    from ..model.requirements.header import Interpreter
    from ..source.checkout import Checkout
    from ..source.git_server import Origin
    from ..store.change_notes import ChangeNotes
    from ..verbs.bases.owned_bases import OwnedBases
    from ..verbs.maintenance.gc import WorkerState
    from ..verbs.shared.cache import Cache
    from ..verbs.shared.job_runner import JobRunner


@attrs.define(slots=False)
class Collaborators:
    """What the verbs of one *envelope* work with; *checkout* is the repository's folder."""

    envelope: requests.Envelope
    checkout: Path
    environment: dict[str, str]
    log: Log

    @cached_property
    def work(self) -> Work:
        """Return the work folder."""
        return Work(Path(os.path.normpath(self.checkout / self.envelope.work)))

    @cached_property
    def state(self) -> Path:
        """Return the folder of what this worker keeps from build to build."""
        state = self.environment.get("BUILDBOT_SHIP_STATE")
        home = self.environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return Path(state) if state else Path(home) / "buildbot-ship"

    @cached_property
    def ledger(self) -> Ledger:
        """Return this worker's ledger."""
        work = hashlib.sha256(str(self.work.root).encode()).hexdigest()[:16]
        return Ledger(self.state / "ledger", work, self.envelope.build)

    @cached_property
    def daemon(self) -> Daemon:
        """Return the engine behind the socket."""
        from ..daemon.engine import Engine

        credentials = self.envelope.credentials
        api = self.engine_version.api if self.engine_version else "auto"
        return Engine(self.ledger, time.time, self.environment, credentials, api)

    @cached_property
    def engine_version(self) -> Version | None:
        """Return what the engine says of itself, where a socket tells without the SDK."""
        from ..daemon.shared.platform import ask

        return ask(self.environment)

    @cached_property
    def platform(self) -> str:
        """Return what the engine runs."""
        return self.engine_version.platform if self.engine_version else self.daemon.platform()

    @cached_property
    def disk(self) -> DiskCache:
        """Return this worker's own cache."""
        trust = "trusted" if self.envelope.cache.trusted else "untrusted"
        return DiskCache(self.state / "cache" / trust)

    @cached_property
    def cache(self) -> Cache:
        """Return the caches of this build, the nearest first."""
        from ..verbs.shared.cache import Cache

        asked = self.envelope.cache
        stores: list[CacheStore] = [self.disk]
        if asked.repository:
            from ..registry.shared_cache import SharedCache

            repository = Repository.parse(asked.repository)
            stores.append(SharedCache(self.registry, repository, asked.trusted))
        return Cache(self.log, stores, reads=not asked.no_cache)

    @cached_property
    def registry(self) -> Registry:
        """Return the client of all registries."""
        return self.new_registry()

    @property
    def owned_bases(self) -> OwnedBases:
        """Return the bases in own repositories."""
        from ..verbs.bases.owned_bases import OwnedBases

        return OwnedBases(self.registry, self.cache, self.log)

    @property
    def worker_state(self) -> WorkerState:
        """Return what garbage collection cleans up."""
        from ..verbs.maintenance.gc import WorkerState

        return WorkerState(self.ledger, self.work, self.disk)

    def new_registry(self) -> Registry:
        """Return another client, for who works side by side with the one of all."""
        from ..registry.client import RegistryClient

        return RegistryClient(self.envelope.credentials, log=self.log)

    @cached_property
    def runner(self) -> JobRunner:
        """Return where scripts run."""
        from ..verbs.shared.job_runner import JobRunner

        index = self.envelope.index
        bundle = self._read_bundle(index.ca_bundle) if index.ca_bundle else None
        limits = self.envelope.limits
        return JobRunner(
            lambda: self.daemon,
            lambda: self.platform,
            self.registry,
            self.work,
            self.log,
            self.cache,
            index,
            bundle,
            limits,
            credentials=self.envelope.credentials,
            in_pipeline=_is_pipeline(self.envelope.request),
        )

    @staticmethod
    def _read_bundle(path: str) -> bytes:
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise FileMissing(
                f"the CA bundle {path}", f"this worker ({error.strerror})"
            ) from None

    @cached_property
    def _trees(self) -> dict[str, GitTree]:
        return {}

    def tree(self, revision: str) -> GitTree:
        """Return the tree at a revision; each is resolved once."""
        if revision not in self._trees:
            self._trees[revision] = GitTree.resolve(self.checkout, revision)
        return self._trees[revision]

    def at(self, runner: JobRunner) -> Collaborators:
        """Return the same collaborators, with another job *runner* and its work folder."""
        other = copy.copy(self)
        other.work, other.runner = runner.work, runner
        return other

    @property
    def files(self) -> Checkout:
        """Return the files of the checkout, as people and verbs write them."""
        from ..source.checkout import Checkout

        return Checkout(self.checkout)

    @property
    def notes(self) -> ChangeNotes:
        """Return what verbs note of the files that they write."""
        from ..store.change_notes import ChangeNotes

        return ChangeNotes(self.work.root / "notes")

    def origin(self, request: requests.ProposeRequest) -> Origin:
        """Return the git server that a request names."""
        from ..source.git_server import Origin

        known = self.envelope.credentials
        return Origin(self.checkout, request.remote, known, request.known_hosts)

    def interpreter(self, base: Reference) -> Interpreter:
        """Return which Python a base has; the engine is asked where no cache knows."""
        from ..model.requirements.header import Interpreter

        return Interpreter.of(self.runner.facts(self.runner.build_base(base)))

    def close(self) -> None:
        """Let go of what was held."""
        if "daemon" in self.__dict__:
            self.daemon.close()
        if "ledger" in self.__dict__:
            self.ledger.close()


def _is_pipeline(request: requests.Request) -> bool:
    """Tell whether layers are made in the process that makes their wheels."""
    return isinstance(request, requests.BuildRequest) and any(
        pex.layout == "layered" for pex in request.pexes
    )
