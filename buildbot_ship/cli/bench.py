"""The collaborators of one call, built when a verb first asks for them, and the verbs.

Heavy imports (the Docker SDK, HTTP) happen here and only in the verb that needs them.
"""

from __future__ import annotations

import copy
import hashlib
import os
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from ..daemon.interface import Daemon
from ..errors import FileMissing
from ..model import request as requests
from ..model.log import Log
from ..model.reference import Repository
from ..model.result import Result
from ..registry.interface import Registry
from ..source.checkout import Checkout
from ..source.git import GitTree
from ..store.interface import Shelf
from ..store.ledger import Ledger
from ..store.shelf import DiskShelf
from ..store.work import Work
from .deferred import deferred
from .diffoscope import explain

if TYPE_CHECKING:
    from ..verbs.build import build
    from ..verbs.cache import Cache
    from ..verbs.gc import gc
    from ..verbs.harden import harden
    from ..verbs.image import image
    from ..verbs.pex import pex
    from ..verbs.push import push
    from ..verbs.retag import retag
    from ..verbs.verify import verify
    from ..verbs.wheels import wheels
    from ..verbs.workshop import Workshop
else:
    build = deferred("verbs.build")
    gc = deferred("verbs.gc")
    harden = deferred("verbs.harden")
    image = deferred("verbs.image")
    pex = deferred("verbs.pex")
    push = deferred("verbs.push")
    retag = deferred("verbs.retag")
    verify = deferred("verbs.verify")
    wheels = deferred("verbs.wheels")
    Cache = deferred("verbs.cache", "Cache")
    Workshop = deferred("verbs.workshop", "Workshop")


@attrs.define(slots=False)
class Bench:
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
        from ..daemon.engine import Engine  # noqa: PLC0415  # it imports the Docker SDK

        return Engine(self.ledger, time.time, self.environment, self.envelope.credentials)

    @cached_property
    def platform(self) -> str:
        """Return what the engine runs; the SDK is not needed where a socket tells."""
        from ..daemon.platform import ask  # noqa: PLC0415  # only some verbs need it

        return ask(self.environment) or self.daemon.platform()

    @cached_property
    def disk(self) -> DiskShelf:
        """Return this worker's own cache."""
        trust = "trusted" if self.envelope.cache.trusted else "untrusted"
        return DiskShelf(self.state / "cache" / trust)

    @cached_property
    def cache(self) -> Cache:
        """Return the caches of this build, the nearest first."""
        asked = self.envelope.cache
        shelves: list[Shelf] = [self.disk]
        if asked.repository:
            from ..registry.shelf import RegistryShelf  # noqa: PLC0415  # few have one

            repository = Repository.parse(asked.repository)
            shelves.append(RegistryShelf(self.registry, repository, asked.trusted))
        return Cache(self.log, shelves, reads=not asked.no_cache)

    @cached_property
    def registry(self) -> Registry:
        """Return the client of all registries."""
        from ..registry.client import RegistryClient  # noqa: PLC0415  # it imports requests

        return RegistryClient(self.envelope.credentials, log=self.log)

    @cached_property
    def shop(self) -> Workshop:
        """Return where scripts run."""
        index = self.envelope.index
        bundle = self._read_bundle(index.ca_bundle) if index.ca_bundle else None
        limits = self.envelope.limits
        return Workshop(
            lambda: self.daemon,
            lambda: self.platform,
            self.registry,
            self.work,
            self.log,
            self.cache,
            index,
            bundle,
            limits,
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

    def run(self) -> Result:
        """Run the verb of the envelope's request."""
        return self.perform(self.envelope.request)

    def perform(self, request: requests.Request) -> Result:
        """Run the verb of one request."""
        return VERBS[request.verb](self, request)

    def at(self, shop: Workshop) -> Bench:
        """Return a bench whose scripts run in *shop*; its other collaborators are these."""
        other = copy.copy(self)
        other.work, other.shop = shop.work, shop
        return other

    def close(self) -> None:
        """Let go of what was held."""
        if "ledger" in self.__dict__:
            self.ledger.close()


VERBS: dict[str, Callable[[Bench, Any], Result]] = {
    "retag": lambda bench, request: retag(
        request,
        registry=bench.registry,
        daemon=lambda: bench.daemon,
        clock=lambda: datetime.now(timezone.utc),
        log=bench.log,
    ),
    "harden": lambda bench, request: harden(
        request, checkout=Checkout(bench.checkout), shop=bench.shop
    ),
    "wheels": lambda bench, request: wheels(
        request, tree=bench.tree(request.revision), shop=bench.shop
    ),
    "pex": lambda bench, request: pex(
        request, commit=bench.tree(request.revision).commit, shop=bench.shop
    ),
    "image": lambda bench, request: image(
        request,
        tree=bench.tree(request.revision),
        registry=bench.registry,
        shop=bench.shop,
        new_name=lambda: uuid.uuid4().hex,
    ),
    "push": lambda bench, request: push(
        request,
        commit=bench.tree(request.revision).commit,
        shop=bench.shop,
    ),
    "gc": lambda bench, request: gc(
        request,
        daemon=lambda: bench.daemon,
        ledger=bench.ledger,
        work=bench.work,
        disk=bench.disk,
        clock=time.time,
        log=bench.log,
    ),
    "build": lambda bench, request: build(
        request,
        commit=bench.tree(request.wheels.revision).commit,
        registry=bench.registry,
        cache=bench.cache,
        perform=bench.perform,
        log=bench.log,
    ),
    "verify": lambda bench, request: verify(
        request,
        tree=bench.tree(request.wheels.revision),
        shop=bench.shop,
        perform=lambda part, shop: bench.at(shop).perform(part),
        ledger=bench.ledger,
        explain=lambda first, second: explain(first, second, bench.log),
    ),
}
