"""Fork-tag base images: own copies under the moment they were made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ...daemon.interface import Daemon, EngineImage
from ...errors import DigestMismatch, ImageNotFound, RegistryUnavailable, TagTaken
from ...model.decision.retag import RetagPlan
from ...model.image.base import config_digest
from ...model.image.manifest import is_index
from ...model.log import Log
from ...model.reference import Reference
from ...model.request import RetagRequest
from ...model.result import SUCCESS, Result
from ...registry.copy import copy
from ...registry.interface import Registry
from ..shared.cache import Cache
from .owned_bases import newest, report_moves

REGISTRY, ENGINE, AUTO = "registry", "engine", "auto"


def retag(
    request: RetagRequest,
    *,
    registry: Registry,
    cache: Cache,
    daemon: Callable[[], Daemon],
    clock: Callable[[], datetime],
    log: Log,
) -> Result:
    """Copy each base of *request* under one tag, made of the moment that *clock* tells.

    A base whose newest own copy is what upstream has now gets no new one.  Every source
    and every destination is looked at before anything is pushed.  Raises
    ImageNotFound or BaseNotFound for a source, TagTaken for a destination, and what
    registries raise; *daemon* is called only where a copy goes through the engine.
    """
    plan = RetagPlan.of(request, clock())
    with_engine = _Engine(registry, daemon, log)
    try:
        looked = _look(plan, request.through, registry, with_engine)
        moved = [_move(found, registry, with_engine, log) for found in looked]
    finally:
        with_engine.tidy()
    bases = dict(zip((asked.source for asked in request.copies), moved, strict=True))
    new = [found for found in looked if not found.is_owned]
    moves = [(found.owned, found.destination) for found in new if found.owned is not None]
    texts = report_moves(registry, cache, moves, log)
    summary = _summary(bases, plan.tag)
    return Result("retag", SUCCESS, summary, properties={"ship_bases": bases}, texts=texts)


def _summary(bases: dict[str, dict[str, str]], tag: str) -> str:
    copied = [name for name, base in bases.items() if base["reference"].endswith(f":{tag}")]
    same = [name for name in bases if name not in copied]
    said = [f"{', '.join(copied)}: copied under {tag}"] if copied else []
    said += [f"{', '.join(same)}: owned already, nothing new"] if same else []
    return "; ".join(said)


@attrs.frozen
class _Found:
    """A source that exists: *digest* in its registry, or *pulled* into the engine.

    *owned* is the newest own copy there was, *is_owned* whether it is the same image.
    """

    source: Reference
    destination: Reference
    digest: str | None = None
    pulled: EngineImage | None = None
    owned: Reference | None = None
    is_owned: bool = False


def _look(
    plan: RetagPlan, through: str, registry: Registry, with_engine: _Engine
) -> list[_Found]:
    unreachable: set[str] = set()
    found = []
    for source, destination in plan.copies:
        name = source.repository.registry
        digest = None
        if through != ENGINE and name not in unreachable:
            digest = _digest(source, through, registry, unreachable)
        pulled = None if digest else with_engine.pull(source)
        owned = newest(registry, destination.repository)
        found.append(_Found(source, destination, digest, pulled, owned))
    found = [attrs.evolve(base, is_owned=_is_owned(base, registry)) for base in found]
    for base in found:
        held = None if base.is_owned else registry.head(base.destination)
        if held is not None:
            raise TagTaken(str(base.destination), held, str(base.source))
    return found


def _is_owned(found: _Found, registry: Registry) -> bool:
    """Tell whether the newest own copy is what upstream has now."""
    if found.owned is None:
        return False
    if found.pulled is None:
        return registry.head(found.owned) == found.digest
    manifest = registry.manifest(found.owned)
    if manifest is None or is_index(manifest.media_type):
        return False
    # An engine compresses anew: the manifest is another one, the config is the same.
    config = config_digest(manifest.media_type, manifest.data, found.owned)
    return config == found.pulled.image_id


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
    """Copy one base, if it is new; return what its property says."""
    way = REGISTRY if found.pulled is None else ENGINE
    if found.is_owned and found.owned is not None:
        log(f"{found.source}: {found.owned} is the same image")
        digest = registry.head(found.owned) or ""
        return {"reference": str(found.owned), "digest": digest, "through": way}
    destination = found.destination
    if found.pulled is not None:
        digest = with_engine.push(found.pulled, destination)
        log(f"{found.source} -> {destination}: {digest}, through the engine")
        return {"reference": str(destination), "digest": digest, "through": way}
    # By digest: what was looked at is what is copied, even if the tag moves meanwhile.
    digest = str(found.digest)
    copied = copy(registry, found.source.repository.at(digest), destination)
    log(f"{found.source} -> {destination}: {digest}, {copied}")
    return {"reference": str(destination), "digest": digest, "through": way}


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
        """Push what was pulled; return the digest that the registry then has.

        Raises TagTaken, DigestMismatch.
        """
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
