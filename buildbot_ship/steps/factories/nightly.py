"""Build factories for nightly builds: derived bases, and proposals for review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buildbot.interfaces import IRenderable
from buildbot.process.buildstep import BuildStep
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Property

from ..bases import DeriveBase, PinBase
from ..forge.forge import Forge
from ..forge.merge_request import OpenMergeRequest
from ..maintenance import CollectGarbage
from ..requirements import HardenRequirements
from ..review import ProposeChange
from .requirement_options import checked_options, split_options
from .ship import checkout_steps, with_garbage_collection, without_credentials


def derive_factory(
    repourl: str | IRenderable,
    bases: Mapping[str, str] | IRenderable,
    *,
    older_than_days: float | IRenderable = 7.0,
    build_secrets: Mapping[str, str] | IRenderable | None = None,
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return a factory that builds *bases* from other base images; see `DeriveBase`.

    It reads the Dockerfiles from *branch* of the repository.
    """
    options = checked_options("derive_factory", CollectGarbage, options)
    step = DeriveBase(
        bases,
        older_than_days=older_than_days,
        source=without_credentials(repourl),
        build_secrets=build_secrets,
        **options,
    )
    return with_garbage_collection(checkout_steps(repourl, branch, git), [step], options)


def propose_bases_factory(
    repourl: str | IRenderable,
    *,
    dockerfiles: Sequence[str] | IRenderable = (),
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    proposal: Mapping[str, Any] | None = None,
    forge: Forge | None = None,
    **options: Any,
) -> BuildFactory:
    """Return a factory that proposes the newest base images; see `ship_factory`.

    *dockerfiles* is the option of `PinBase`.  *branch* is checked out, and is the target of
    the proposal.  *proposal* has additional options of `ProposeChange`.  With *forge*, a merge
    request is opened for the branch.
    """
    options = checked_options("propose_bases_factory", CollectGarbage, options)
    server = {"repourl": repourl, "target": branch, **(proposal or {})}
    steps = [
        PinBase(dockerfiles=dockerfiles, **options),
        *_propose("bases", dockerfiles or ["*.docker"], server, forge, options),
    ]
    return with_garbage_collection(checkout_steps(repourl, branch, git), steps, options)


def propose_requirements_factory(
    repourl: str | IRenderable,
    *,
    files: Sequence[Mapping[str, Any]] = ({},),
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    proposal: Mapping[str, Any] | None = None,
    forge: Forge | None = None,
    **options: Any,
) -> BuildFactory:
    """Return a factory that proposes newer requirements; see `ship_factory`.

    *options* has the options of `HardenRequirements`, too.  Its option ``upgrade`` is the build
    property of this name.  *files* has one mapping for each strict file, with those of its
    options that differ.  With *forge*, a merge request is opened for the branch.
    """
    upgrade = {"upgrade": Property("upgrade", "all")}
    given, options = split_options("propose_requirements_factory", {**upgrade, **options})
    hardens = [
        HardenRequirements(name=name, **{**given, **names}, **options)
        for name, names in zip(_step_names(), files, strict=False)
    ]
    written = [path for step in hardens for path in (step.strict, step.build_lock)]
    server = {"repourl": repourl, "target": branch, **(proposal or {})}
    last = _propose("requirements", written, server, forge, options)
    return with_garbage_collection(
        checkout_steps(repourl, branch, git), [*hardens, *last], options
    )


def _step_names() -> Iterator[str]:
    yield "harden"
    number = 2
    while True:
        yield f"harden-{number}"
        number += 1


def _propose(
    topic: str,
    files: Sequence[str] | IRenderable,
    server: Mapping[str, Any],
    forge: Forge | None,
    options: Mapping[str, Any],
) -> Iterator[BuildStep]:
    again = Property("again", False)
    given = {"files": files, "message": f"Newer {topic}", "again": again, **options, **server}
    propose = ProposeChange(topic, **given)
    yield propose
    if forge is not None:
        yield OpenMergeRequest(forge, propose.message, target=propose.target, again=again)
