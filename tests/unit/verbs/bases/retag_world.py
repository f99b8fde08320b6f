"""Two bases upstream and an engine, for the tests of their re-tagging."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from buildbot_ship.daemon.interface import Daemon
from buildbot_ship.model.reference import Reference, Repository
from buildbot_ship.model.request import BaseCopy, RetagRequest
from buildbot_ship.model.result import Result
from buildbot_ship.store.cache_interface import CacheStore
from buildbot_ship.verbs.bases.owned_bases import OwnedBases
from buildbot_ship.verbs.bases.retag import retag
from buildbot_ship.verbs.shared.cache import Cache
from tests.fakes.daemon import MemoryDaemon
from tests.fakes.images import small_image, store_image
from tests.fakes.registry import MemoryRegistry

MOMENT = datetime(2026, 11, 23, 4, 50, 49, 169150, tzinfo=UTC)
TAG = "2026-11-23T04-50-49-169150"
FULL, SLIM = (Reference.parse(f"python:3.11{suffix}") for suffix in ("", "-slim"))
OWN_FULL, OWN_SLIM = (
    Repository.parse(f"registry.test/own/python311{suffix}").tagged(TAG)
    for suffix in ("", "-slim")
)
COPIES = (
    BaseCopy(source="python:3.11", destination=str(OWN_FULL.repository)),
    BaseCopy(source="python:3.11-slim", destination=str(OWN_SLIM.repository)),
)
REQUEST = RetagRequest(copies=COPIES)


@attrs.define
class Engine(MemoryDaemon):
    """An engine that reaches *upstream* where the worker does not, and pushes to *own*."""

    own: MemoryRegistry = attrs.field(factory=MemoryRegistry)
    lies: bool = False

    def push(self, reference: Reference) -> str:
        config = str(self.configs[self.images[str(reference)].image_id]["name"])
        # An engine compresses anew, so the manifest is another one.
        image = small_image(config, b"compressed by the engine")
        store_image(self.own, reference, image)
        return image.image_id if self.lies else image.manifest.digest


@attrs.define
class World:
    """Two bases upstream, and the verb."""

    registry: MemoryRegistry = attrs.field(factory=MemoryRegistry)
    engine: Engine = attrs.field(init=False)
    lines: list[str] = attrs.field(factory=list)
    stores: list[CacheStore] = attrs.field(factory=list)
    digests: dict[str, str] = attrs.field(factory=dict)
    moment: datetime = MOMENT

    def __attrs_post_init__(self) -> None:
        upstream = MemoryRegistry()
        for reference in (FULL, SLIM):
            image = small_image(str(reference.tag), b"debian", str(reference).encode())
            for registry in (self.registry, upstream):
                store_image(registry, reference, image)
            self.digests[str(reference)] = image.manifest.digest
        self.engine = Engine(upstream, own=self.registry)
        self.registry.calls.clear()

    def retag(self, request: RetagRequest = REQUEST, *, engine: bool = False) -> Result:
        def daemon() -> Daemon:
            assert engine, "the engine was asked for"
            return self.engine

        return retag(
            request,
            bases=OwnedBases(
                self.registry, Cache(self.lines.append, self.stores), self.lines.append
            ),
            daemon=daemon,
            clock=lambda: self.moment,
        )


def names(engine: Engine) -> list[str]:
    return [
        name for name in engine.images if "@" not in name and not name.startswith("sha256:")
    ]
