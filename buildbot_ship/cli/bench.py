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
from typing import Any

import attrs

from ..daemon.interface import Daemon
from ..errors import FileMissing
from ..model import request as requests
from ..model.header import Interpreter
from ..model.log import Log
from ..model.reference import Reference
from ..model.result import Result
from ..registry.interface import Registry
from ..source.checkout import Checkout
from ..source.git import GitTree
from ..source.origin import Origin
from ..store.ledger import Ledger
from ..store.notes import Notes
from ..store.work import Work
from ..verbs.build import build
from ..verbs.check import check
from ..verbs.gc import gc
from ..verbs.harden import harden
from ..verbs.image import image
from ..verbs.pex import pex
from ..verbs.pin import pin
from ..verbs.propose import propose
from ..verbs.push import push
from ..verbs.retag import retag
from ..verbs.verify import verify
from ..verbs.wheels import wheels
from ..verbs.workshop import Workshop
from .diffoscope import explain


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
    def ledger(self) -> Ledger:
        """Return this worker's ledger."""
        state = self.environment.get("BUILDBOT_SHIP_STATE")
        home = self.environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        root = Path(state) if state else Path(home) / "buildbot-ship"
        work = hashlib.sha256(str(self.work.root).encode()).hexdigest()[:16]
        return Ledger(root / "ledger", work, self.envelope.build)

    @cached_property
    def daemon(self) -> Daemon:
        """Return the engine behind the socket."""
        from ..daemon.engine import Engine  # noqa: PLC0415  # it imports the Docker SDK

        return Engine(self.ledger, time.time, self.environment, self.envelope.credentials)

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
        credentials = self.envelope.credentials
        return Workshop(
            self.daemon, self.work, self.log, index, bundle, limits, credentials=credentials
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

    @property
    def notes(self) -> Notes:
        """Return what verbs note of the files that they write."""
        return Notes(self.work.root / "notes")

    def origin(self, request: requests.ProposeRequest) -> Origin:
        """Return the git server that a request names."""
        known = self.envelope.credentials
        return Origin(self.checkout, request.remote, known, request.known_hosts)

    def interpreter(self, base: Reference) -> Interpreter:
        """Return which Python a base has; the engine is asked."""
        return Interpreter.of(self.shop.tools(base).facts)

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
        request, checkout=Checkout(bench.checkout), shop=bench.shop, notes=bench.notes
    ),
    "pin": lambda bench, request: pin(
        request,
        checkout=Checkout(bench.checkout),
        registry=bench.registry,
        notes=bench.notes,
        log=bench.log,
    ),
    "propose": lambda bench, request: propose(
        request,
        checkout=Checkout(bench.checkout),
        origin=bench.origin(request),
        notes=bench.notes,
        clock=lambda: datetime.now(timezone.utc),
        log=bench.log,
    ),
    "check": lambda bench, request: check(
        request, tree=bench.tree(request.revision), ask=bench.interpreter
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
        registry=bench.registry,
        work=bench.work,
        log=bench.log,
    ),
    "gc": lambda bench, request: gc(
        request,
        daemon=bench.daemon,
        ledger=bench.ledger,
        work=bench.work,
        clock=time.time,
        log=bench.log,
    ),
    "build": lambda bench, request: build(request, perform=bench.perform, log=bench.log),
    "verify": lambda bench, request: verify(
        request,
        tree=bench.tree(request.wheels.revision),
        shop=bench.shop,
        perform=lambda part, shop: bench.at(shop).perform(part),
        ledger=bench.ledger,
        explain=lambda first, second: explain(first, second, bench.log),
    ),
}
