"""Copy base images to own repositories, under a tag with the time of the copy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ...daemon.interface import Daemon, EngineImage
from ...errors import DigestMismatch, ImageNotFound, RegistryUnavailable, TagTaken
from ...model.decision.retag import RetagPlan
from ...model.image.base import config_digest, content_of, read_base
from ...model.image.manifest import is_index
from ...model.log import Log
from ...model.reference import Reference, Repository
from ...model.request import RetagRequest
from ...model.result import SUCCESS, Result, counted
from ...registry.copy import copy
from ...registry.interface import Registry
from ..shared.phases import ByteProgress, phase
from .owned_bases import OwnedBases

REGISTRY, ENGINE, AUTO = "registry", "engine", "auto"


def retag(
    request: RetagRequest,
    *,
    bases: OwnedBases,
    daemon: Callable[[], Daemon],
    clock: Callable[[], datetime],
) -> Result:
    """Copy each base of *request* under one tag, the time that *clock* returns or a later one.

    A base is not copied if its newest own copy is the same image.  All sources and destinations
    are checked before anything is pushed.  *daemon* is called only if a copy goes through the
    engine.  Raises ImageNotFound or BaseNotFound for a source, TagTaken for a destination, and
    the errors of registries.
    """
    repositories = [Repository.parse(copy.destination) for copy in request.copies]
    plan = RetagPlan.of(request, bases.moment_for(repositories, clock()))
    engine = _EngineCopies(bases.registry, daemon, bases.log)
    try:
        sources = _inspect(plan, request.through, bases, engine)
        copies = [_copy(source, bases, engine) for source in sources]
    finally:
        engine.restore_names()
    copied = dict(zip((copy.source for copy in request.copies), copies, strict=True))
    new = [source for source in sources if not source.is_owned]
    moves = [(source.owned, source.destination) for source in new if source.owned is not None]
    texts = bases.report_moves(moves)
    summary = _summary(copied, plan.tag)
    return Result("retag", SUCCESS, summary, properties={"ship_bases": copied}, texts=texts)


def _summary(bases: dict[str, dict[str, str]], tag: str) -> str:
    copied = [name for name, base in bases.items() if base["reference"].endswith(f":{tag}")]
    same = [name for name in bases if name not in copied]
    count = counted(len(copied), "base")
    parts = [f"{count} copied under {tag}: {', '.join(copied)}"] if copied else []
    count = counted(len(same), "base")
    parts += [f"{count} up to date: {', '.join(same)}"] if same else []
    return "; ".join(parts)


@attrs.frozen
class _Source:
    """A source that exists: with a *digest* in its registry, or *pulled* into the engine.

    *owned* is its newest own copy before this run.  *is_owned* is true if that is the same
    image.
    """

    source: Reference
    destination: Reference
    digest: str | None = None
    pulled: EngineImage | None = None
    owned: Reference | None = None
    is_owned: bool = False


def _inspect(
    plan: RetagPlan, through: str, bases: OwnedBases, engine: _EngineCopies
) -> list[_Source]:
    """Return all sources of *plan*.  Raises ImageNotFound, BaseNotFound, TagTaken."""
    registry, unreachable = bases.registry, set[str]()
    sources = []
    for source, destination in plan.copies:
        name = source.repository.registry
        digest = None
        if through != ENGINE and name not in unreachable:
            digest = _digest(source, through, registry, unreachable)
        pulled = None if digest else engine.pull(source)
        owned = bases.newest(destination.repository)
        sources.append(_Source(source, destination, digest, pulled, owned))
    sources = [attrs.evolve(base, is_owned=_is_owned(base, registry)) for base in sources]
    for base in sources:
        holder = None if base.is_owned else registry.head(base.destination)
        if holder is not None:
            raise TagTaken(str(base.destination), holder, str(base.source))
    return sources


def _is_owned(source: _Source, registry: Registry) -> bool:
    """Return true if the newest own copy is the current image of the source."""
    if source.owned is None:
        return False
    if source.pulled is None:
        return registry.head(source.owned) == source.digest
    manifest = registry.manifest(source.owned)
    if manifest is None or is_index(manifest.media_type):
        return False
    config = config_digest(manifest.media_type, manifest.data, source.owned)
    if not any(name.endswith(f"@{source.pulled.image_id}") for name in source.pulled.digests):
        # The engine compresses layers again: the manifest differs, but the config is the same.
        return config == source.pulled.image_id
    # In the containerd store, the ID is the digest of the upstream manifest or index.
    document = registry.blob(source.owned.repository, config)
    owned = read_base(source.owned, manifest.media_type, manifest.data, document)
    return content_of(owned.diff_ids, owned.run) == source.pulled.content


def _digest(
    source: Reference, through: str, registry: Registry, unreachable: set[str]
) -> str | None:
    """Return the digest of *source*; None if the worker cannot reach its registry."""
    if through == AUTO:
        registry = registry.with_short_patience()
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


def _copy(source: _Source, bases: OwnedBases, engine: _EngineCopies) -> dict[str, str]:
    """Copy one base if it is new; return its part of the property ``ship_bases``."""
    registry, log = bases.registry, bases.log
    through = REGISTRY if source.pulled is None else ENGINE
    if source.is_owned and source.owned is not None:
        log(f"{source.source}: {source.owned} is the same image")
        digest = registry.head(source.owned) or ""
        return {"reference": str(source.owned), "digest": digest, "through": through}
    destination = source.destination
    if source.pulled is not None:
        digest = engine.push(source.pulled, destination)
        log(f"{source.source} -> {destination}: {digest}, through the engine")
        return {"reference": str(destination), "digest": digest, "through": through}
    # By digest: it is the image that was inspected, even if the tag moves meanwhile.
    digest = str(source.digest)
    at = source.source.repository.at(digest)
    with phase(f"copy {source.source}", log):
        copied = copy(registry, at, destination, lambda title: ByteProgress(title, log))
    log(f"{source.source} -> {destination}: {digest}, {copied}")
    return {"reference": str(destination), "digest": digest, "through": through}


@attrs.define
class _EngineCopies:
    """Copies through the engine, and the image names to restore there afterwards."""

    registry: Registry
    daemon: Callable[[], Daemon]
    log: Log
    # Names, with the ID of the image that had them before, if any.
    names: dict[str, str | None] = attrs.field(factory=dict)

    def pull(self, source: Reference) -> EngineImage:
        """Pull *source*.  Raises BaseNotFound."""
        self.log(f"pulling {source} into the engine")
        engine = self.daemon()
        before = engine.image(str(source))
        self.names.setdefault(str(source), before.image_id if before else None)
        return engine.pull(source)

    def push(self, pulled: EngineImage, destination: Reference) -> str:
        """Push a pulled image; return its digest in the registry.

        Raises TagTaken, DigestMismatch.
        """
        holder = self.registry.head(destination)
        if holder is not None:
            raise TagTaken(str(destination), holder, pulled.image_id)
        engine = self.daemon()
        self.names[str(destination)] = None
        engine.tag(pulled.image_id, destination)
        digest = engine.push(destination)
        published = self.registry.head(destination)
        if published != digest:
            raise DigestMismatch(str(destination), digest, published or "nothing")
        return digest

    def restore_names(self) -> None:
        """Restore the image names in the engine as they were before."""
        for name, before in self.names.items():
            engine = self.daemon()
            now = engine.image(name)
            if now is None or now.image_id == before:
                continue
            if before is None:
                engine.remove_image(name)
            else:
                engine.tag(before, Reference.parse(name), temporary=False)
