"""Derive bases: upstream's images and what RUN adds, owned under the moment they were made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ...errors import TagTaken
from ...model.decision.derive import Owned, can_reuse, reason
from ...model.reference import Reference, Repository
from ...model.request import DerivedBase, DeriveRequest
from ...model.result import SUCCESS, Result
from ...model.tag import timestamp_tag
from ...source.interface import Tree
from ..shared.base_image import fetch_base
from ..shared.job_runner import JobRunner
from .base_build import make, send
from .build_inputs import Recipe, read_recipe
from .owned_bases import newest, report_moves


@attrs.frozen
class _Found:
    """One base before anything is built; *why* it is to be built, None where it is not."""

    recipe: Recipe
    destination: Reference
    owned: Owned | None
    why: str | None


@attrs.frozen
class _Done:
    """What became of one base: what it was made from or replaced, and a word about it."""

    reference: Reference
    said: str
    before: Reference | None = None


def derive(
    request: DeriveRequest,
    *,
    tree: Tree,
    runner: JobRunner,
    clock: Callable[[], datetime],
    new_name: Callable[[], str],
    again: bool = False,
) -> Result:
    """Build the bases that have to be built, and publish what is new in them.

    All tags are made of the moment that *clock* tells.  Every file and every registry is
    looked at before anything is built, and the engine is asked for nothing if nothing is.
    With *again* all are built.  Raises FileMissing, InvalidFile, BaseNotFound, JobFailed
    with the line that failed, TagTaken, and what registries and engine raise.
    """
    moment = clock()
    looked = [_look(base, request, tree, runner, moment, again=again) for base in request.bases]
    done = [_derive(found, request, moment, new_name(), runner) for found in looked]
    files = [base.source for base in request.bases]
    return _result(dict(zip(files, done, strict=True)), runner)


def _look(
    base: DerivedBase,
    request: DeriveRequest,
    tree: Tree,
    runner: JobRunner,
    moment: datetime,
    *,
    again: bool,
) -> _Found:
    recipe = read_recipe(base.source, tree, runner.platform(), runner.registry)
    destination = Repository.parse(base.destination).tagged(timestamp_tag(moment))
    owned = _owned(destination.repository, runner)
    days = request.older_than_days
    why = reason(owned, recipe.key, recipe.base, days=days, now=moment, again=again)
    held = runner.registry.head(destination) if why else None
    if held is not None:
        raise TagTaken(str(destination), held, base.source)
    return _Found(recipe, destination, owned, why)


def _owned(repository: Repository, runner: JobRunner) -> Owned | None:
    latest = newest(runner.registry, repository)
    if latest is None:
        return None
    return Owned.of(latest, fetch_base(latest, runner.platform(), runner.registry))


def _derive(
    found: _Found, request: DeriveRequest, moment: datetime, name: str, runner: JobRunner
) -> _Done:
    """Build one base if there is a reason, and publish it if it brings news."""
    recipe, destination, owned = found.recipe, found.destination, found.owned
    file = recipe.dockerfile.file
    if found.why is None and owned is not None:
        runner.log(f"{file}: {owned.reference} is made of the same")
        return _Done(owned.reference, "owned already, nothing new")
    runner.log(f"{file}: building it, since {found.why}")
    with runner.work.scratch() as scratch:
        temporary = f"ship.local/derive:{name}"
        derived = make(recipe, temporary, scratch, runner, moment=moment, source=request.source)
        now = _owned(destination.repository, runner)
        if now is not None and can_reuse(now, owned, recipe.key, derived.content):
            return _Done(now.reference, "built again, nothing new")
        sent = send(derived, destination, scratch, runner.registry)
    runner.log(f"{file} -> {destination}: {sent}")
    before = owned.reference if owned else recipe.base.reference
    return _Done(destination, f"derived under {destination.tag}, since {found.why}", before)


def _result(done: dict[str, _Done], runner: JobRunner) -> Result:
    registry = runner.registry
    bases = {
        file: {
            "reference": str(one.reference),
            "digest": registry.head(one.reference) or "",
            "through": "engine",
        }
        for file, one in done.items()
    }
    moves = [(one.before, one.reference) for one in done.values() if one.before is not None]
    texts = report_moves(registry, runner.cache, moves, runner.log)
    summary = "; ".join(f"{file}: {one.said}" for file, one in done.items())
    return Result("derive", SUCCESS, summary, properties={"ship_bases": bases}, texts=texts)
