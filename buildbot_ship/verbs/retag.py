"""Fork-tag base images: own copies under the moment they were made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ..daemon.interface import Daemon, EngineImage
from ..errors import DigestMismatch, ImageNotFound, RegistryUnavailable, TagTaken
from ..model.log import Log
from ..model.reference import Reference
from ..model.request import RetagRequest
from ..model.result import SUCCESS, Result
from ..model.retag import RetagPlan
from ..registry.copy import copy
from ..registry.interface import Registry

REGISTRY, ENGINE, AUTO = "registry", "engine", "auto"


def retag(
    request: RetagRequest,
    *,
    registry: Registry,
    daemon: Callable[[], Daemon],
    clock: Callable[[], datetime],
    log: Log,
) -> Result:
    """Copy each base of *request* under one tag, made of the moment that *clock* tells.

    Every source and every destination is looked at before anything is pushed.  Raises
    ImageNotFound or BaseNotFound for a source, TagTaken for a destination, and what
    registries raise; *daemon* is called only where a copy goes through the engine.
    """
    plan = RetagPlan.of(request, clock())
    with_engine = _Engine(registry, daemon, log)
    try:
        looked = _look(plan, request.through, registry, with_engine)
        bases = {
            asked.source: _move(found, registry, with_engine, log)
            for asked, found in zip(request.copies, looked, strict=True)
        }
    finally:
        with_engine.tidy()
    summary = f"{', '.join(bases)}: copied under {plan.tag}"
    return Result("retag", SUCCESS, summary, properties={"ship_bases": bases})


@attrs.frozen
class _Found:
    """A source that exists: *digest* in its registry, or *pulled* into the engine."""

    source: Reference
    destination: Reference
    digest: str | None = None
    pulled: EngineImage | None = None


def _look(
    plan: RetagPlan, through: str, registry: Registry, with_engine: _Engine
) -> list[_Found]:
    for source, destination in plan.copies:
        held = registry.head(destination)
        if held is not None:
            raise TagTaken(str(destination), held, str(source))
    unreachable: set[str] = set()
    found = []
    for source, destination in plan.copies:
        name = source.repository.registry
        digest = None
        if through != ENGINE and name not in unreachable:
            digest = _digest(source, through, registry, unreachable)
        pulled = None if digest else with_engine.pull(source)
        found.append(_Found(source, destination, digest, pulled))
    return found


def _digest(
    source: Reference, through: str, registry: Registry, unreachable: set[str]
) -> str | None:
    """Return the digest of *source*, or None where only the engine may reach it."""
    try:
        digest = registry.head(source)
    except RegistryUnavailable:
        if through != AUTO:
            raise
        unreachable.add(source.repository.registry)
        return None
    if digest is None:
        raise ImageNotFound(str(source))
    return digest


def _move(found: _Found, registry: Registry, with_engine: _Engine, log: Log) -> dict[str, str]:
    """Copy one base; return what its property says."""
    destination = found.destination
    if found.pulled is not None:
        digest = with_engine.push(found.pulled, destination)
        log(f"{found.source} -> {destination}: {digest}, through the engine")
        return {"reference": str(destination), "digest": digest, "through": ENGINE}
    # By digest: what was looked at is what is copied, even if the tag moves meanwhile.
    digest = str(found.digest)
    copied = copy(registry, found.source.repository.at(digest), destination)
    log(
        f"{found.source} -> {destination}: {digest}, {copied.mounted} blobs mounted, "
        f"{copied.sent} sent ({copied.bytes_sent} bytes)"
    )
    return {"reference": str(destination), "digest": digest, "through": REGISTRY}


@attrs.define
class _Engine:
    """Copies through the engine, and the names there that are ours to take away."""

    registry: Registry
    daemon: Callable[[], Daemon]
    log: Log
    # Names with the image that had them before us, if one did.
    names: dict[str, str | None] = attrs.field(factory=dict)

    def pull(self, source: Reference) -> EngineImage:
        """Pull *source*; raise BaseNotFound."""
        self.log(f"{source}: pulling it into the engine")
        engine = self.daemon()
        before = engine.image(str(source))
        self.names.setdefault(str(source), before.image_id if before else None)
        return engine.pull(source)

    def push(self, pulled: EngineImage, destination: Reference) -> str:
        """Push what was pulled; return the digest that the registry then has."""
        held = self.registry.head(destination)
        if held is not None:
            raise TagTaken(str(destination), held, pulled.image_id)
        engine = self.daemon()
        self.names[str(destination)] = None
        engine.tag(pulled.image_id, destination)
        digest = engine.push(destination)
        there = self.registry.head(destination)
        if there != digest:
            raise DigestMismatch(str(destination), digest, there or "nothing")
        return digest

    def tidy(self) -> None:
        """Leave the names in the engine as they were."""
        for name, before in self.names.items():
            engine = self.daemon()
            now = engine.image(name)
            if now is None or now.image_id == before:
                continue
            if before is None:
                engine.remove_image(name)
            else:
                engine.tag(before, Reference.parse(name))
