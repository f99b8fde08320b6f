"""Derive bases: build them from Dockerfiles, and publish those that changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ...errors import TagTaken
from ...model.decision.derive import Owned, can_reuse, reason
from ...model.dockerfile.buildkit import TITLES
from ...model.reference import Reference, Repository
from ...model.request import DerivedBase, DeriveRequest
from ...model.result import SUCCESS, Result, counted
from ...model.tag import timestamp_tag
from ...source.interface import Tree
from ..shared.base_image import fetch_base
from ..shared.job_runner import JobRunner
from .base_build import build_base, publish_base
from .build_inputs import Recipe, read_recipe
from .owned_bases import OwnedBases


@attrs.frozen
class _Candidate:
    """A base before the build; *why* is the reason to build it, None if there is none."""

    recipe: Recipe
    destination: Reference
    owned: Owned | None
    why: str | None


@attrs.frozen
class _Outcome:
    """The current base, its summary, and the base that it replaces or is derived from.

    *builder* is that of the engine if it built.
    """

    reference: Reference
    summary: str
    before: Reference | None = None
    builder: str = ""


def derive(
    request: DeriveRequest,
    *,
    tree: Tree,
    runner: JobRunner,
    clock: Callable[[], datetime],
    new_name: Callable[[], str],
    force: bool = False,
) -> Result:
    """Build the bases of *request* that have a reason for it; publish those that changed.

    All get the same tag, the time that *clock* returns or a later one.  All files and
    registries are checked before anything is built.  The engine is used only for a build.  With
    *force* all bases are built.  Raises FileMissing, InvalidFile, BaseNotFound, JobFailed with
    the line that failed, TagTaken, and the errors of registries and engine.
    """
    platform, registry, secrets = runner.platform(), runner.registry, request.build_secrets
    recipes = [
        read_recipe(base.source, tree, platform, registry, secrets) for base in request.bases
    ]
    repositories = [Repository.parse(base.destination) for base in request.bases]
    moment = _owned_bases(runner).moment_for(repositories, clock())
    candidates = [
        _inspect(base, recipe, request, runner, moment, force=force)
        for base, recipe in zip(request.bases, recipes, strict=True)
    ]
    outcomes = [
        _build_if_needed(candidate, request, moment, new_name(), runner)
        for candidate in candidates
    ]
    files = [base.source for base in request.bases]
    return _result(dict(zip(files, outcomes, strict=True)), runner)


def _inspect(
    base: DerivedBase,
    recipe: Recipe,
    request: DeriveRequest,
    runner: JobRunner,
    moment: datetime,
    *,
    force: bool,
) -> _Candidate:
    """Return a base with the reason to build it.  Raises TagTaken, BaseNotFound and others."""
    destination = Repository.parse(base.destination).tagged(timestamp_tag(moment))
    owned = _newest_owned(destination.repository, runner)
    days = request.older_than_days
    why = reason(owned, recipe.key, recipe.base, days=days, now=moment, again=force)
    holder = runner.registry.head(destination) if why else None
    if holder is not None:
        raise TagTaken(str(destination), holder, base.source)
    return _Candidate(recipe, destination, owned, why)


def _newest_owned(repository: Repository, runner: JobRunner) -> Owned | None:
    latest = _owned_bases(runner).newest(repository)
    if latest is None:
        return None
    return Owned.of(latest, fetch_base(latest, runner.platform(), runner.registry))


def _owned_bases(runner: JobRunner) -> OwnedBases:
    return OwnedBases(runner.registry, runner.cache, runner.log)


def _build_if_needed(
    candidate: _Candidate,
    request: DeriveRequest,
    moment: datetime,
    name: str,
    runner: JobRunner,
) -> _Outcome:
    """Build one base if there is a reason, and publish it if its content changed."""
    recipe, destination, owned = candidate.recipe, candidate.destination, candidate.owned
    file = recipe.dockerfile.file
    if candidate.why is None and owned is not None:
        runner.log(f"{file}: {owned.reference} has the same inputs")
        return _Outcome(owned.reference, "is up to date")
    runner.log(f"{file}: building, since {candidate.why}")
    with runner.work.scratch() as scratch:
        temporary = f"ship.local/derive:{name}"
        derived = build_base(
            recipe, temporary, scratch, runner, moment=moment, source=request.source
        )
        current = _newest_owned(destination.repository, runner)
        if current is not None and can_reuse(current, owned, recipe.key, derived.content):
            summary = f"was built again by {TITLES[derived.builder]}, no change"
            return _Outcome(current.reference, summary, builder=derived.builder)
        sent = publish_base(derived, destination, scratch, runner.registry)
    runner.log(f"{file} -> {destination}: {sent}")
    before = owned.reference if owned else recipe.base.reference
    by = TITLES[derived.builder]
    summary = f"under {destination.tag} by {by}, since {candidate.why}"
    return _Outcome(destination, summary, before, derived.builder)


def _result(outcomes: dict[str, _Outcome], runner: JobRunner) -> Result:
    registry = runner.registry
    bases = {
        file: {
            "reference": str(outcome.reference),
            "digest": registry.head(outcome.reference) or "",
            "through": "engine",
            **({"builder": outcome.builder} if outcome.builder else {}),
        }
        for file, outcome in outcomes.items()
    }
    moves = [(o.before, o.reference) for o in outcomes.values() if o.before is not None]
    texts = _owned_bases(runner).report_moves(moves)
    new = sum(outcome.before is not None for outcome in outcomes.values())
    parts = [f"{file} {outcome.summary}" for file, outcome in outcomes.items()]
    count = counted(len(outcomes), "base")
    summary = f"{new} of {count} derived: {'; '.join(parts)}"
    return Result("derive", SUCCESS, summary, properties={"ship_bases": bases}, texts=texts)
