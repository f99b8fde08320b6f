"""`Collaborators`: the engine, registries, caches and folders of one call, made on demand.

A property imports heavy modules itself, so a verb imports the Docker SDK or the HTTP client
only if it uses them.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import copy
import hashlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..daemon.interface import Daemon
from ..errors import FileMissing
from ..model import request as requests
from ..model.log import Log
from ..model.reference import Reference, Repository
from ..model.request.settings import INDEX_TIMEOUT_VARIABLE, seconds_from
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
    """Everything that the verb of one *envelope* works with.

    *checkout* is the folder of the repository, and *environment* has environment variables.
    """

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
        """Return the folder of the ledger and the cache, which outlive a build."""
        state = self.environment.get("BUILDBOT_SHIP_STATE")
        home = self.environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return Path(state) if state else Path(home) / "buildbot-ship"

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger of this worker and work folder."""
        work = hashlib.sha256(str(self.work.root).encode()).hexdigest()[:16]
        return Ledger(self.state / "ledger", work, self.envelope.build)

    @cached_property
    def daemon(self) -> Daemon:
        """Return the client of the Docker Engine."""
        from ..daemon.engine import Engine
        from ..daemon.images.builder import VARIABLE

        credentials = self.envelope.credentials
        api = self.engine_version.api if self.engine_version else "auto"
        environment = self.environment
        if not self.envelope.cache.trusted:
            # Only the classic builder limits memory and CPU.
            environment = {VARIABLE: "0", **environment}
        return Engine(self.ledger, time.time, environment, credentials, api)

    @cached_property
    def engine_version(self) -> Version | None:
        """Return the engine's version, asked without the SDK; None if that is not possible."""
        from ..daemon.shared.platform import query_version

        return query_version(self.environment)

    @cached_property
    def platform(self) -> str:
        """Return the platform of the engine, for example ``linux/amd64``."""
        return self.engine_version.platform if self.engine_version else self.daemon.platform()

    @cached_property
    def disk(self) -> DiskCache:
        """Return this worker's own cache."""
        trust = "trusted" if self.envelope.cache.trusted else "untrusted"
        return DiskCache(self.state / "cache" / trust)

    @cached_property
    def cache(self) -> Cache:
        """Return the caches of this build: this worker's, then the shared one."""
        from ..verbs.shared.cache import Cache

        options = self.envelope.cache
        stores: list[CacheStore] = [self.disk]
        if options.repository:
            from ..registry.shared_cache import SharedCache

            repository = Repository.parse(options.repository)
            # A build goes on without its cache, so it does not wait for it.
            registry = self.registry.with_short_patience()
            stores.append(SharedCache(registry, repository, options.trusted))
        return Cache(self.log, stores, reads=not options.no_cache)

    @cached_property
    def registry(self) -> Registry:
        """Return the registry client that all parts of the call share."""
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
        """Return a separate registry client, for use in another thread."""
        from ..registry.client import RegistryClient

        return RegistryClient(self.envelope.credentials, self.envelope.registries, log=self.log)

    @cached_property
    def runner(self) -> JobRunner:
        """Return the job runner, which runs scripts in throw-away containers."""
        from ..verbs.shared.job_runner import JobRunner

        index = self.envelope.index
        bundle = self._read_bundle(index.ca_bundle) if index.ca_bundle else None
        request, limits = self.envelope.request, self.envelope.limits
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
            in_pipeline=isinstance(request, requests.BuildRequest) and request.has_layered_pex,
            index_seconds=seconds_from(self.environment, INDEX_TIMEOUT_VARIABLE),
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
        """Return the git tree at *revision*; resolve each revision once."""
        if revision not in self._trees:
            self._trees[revision] = GitTree.resolve(self.checkout, revision)
        return self._trees[revision]

    def with_runner(self, runner: JobRunner) -> Collaborators:
        """Return a copy that uses another job *runner* and its work folder."""
        other = copy.copy(self)
        other.work, other.runner = runner.work, runner
        return other

    @property
    def checkout_files(self) -> Checkout:
        """Return the working files of the checkout, committed or not."""
        from ..source.checkout import Checkout

        return Checkout(self.checkout)

    @property
    def change_notes(self) -> ChangeNotes:
        """Return the notes about files that verbs changed, for the message of a proposal."""
        from ..store.change_notes import ChangeNotes

        return ChangeNotes(self.work.root / "notes")

    def git_server(self, remote: str, known_hosts: str = "") -> Origin:
        """Return the git server of *remote*, a name or a URL."""
        from ..source.git_server import Origin

        credentials = self.envelope.credentials
        return Origin(self.checkout, remote, credentials, known_hosts)

    def claim_ref(
        self, request: requests.PushRequest
    ) -> Callable[[Reference, str], None] | None:
        """Return what claims a tag on the git remote of *request*, None if it names none."""
        if not request.claim_remote:
            return None
        from ..source.published_refs import PublishedRefs

        refs = PublishedRefs(self.git_server(request.claim_remote))
        return partial(refs.claim, take_over=request.take_over)

    def clock(self) -> datetime:
        """Return the moment that the master reserved for the tags of bases, or the time."""
        moment = self.envelope.moment
        return datetime.fromisoformat(moment) if moment else datetime.now(UTC)

    def interpreter(self, base: Reference) -> Interpreter:
        """Return the Python of a build base, from a cache or else from the engine."""
        from ..model.requirements.header import Interpreter

        return Interpreter.of(self.runner.facts(self.runner.build_base(base)))

    def close(self) -> None:
        """Close the engine's connection and the ledger if they were used."""
        if "daemon" in self.__dict__:
            self.daemon.close()
        if "ledger" in self.__dict__:
            self.ledger.close()
