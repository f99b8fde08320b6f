"""Nightly builds: derived bases, and what ends as branches for review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from buildbot.interfaces import IRenderable
from buildbot.process.factory import BuildFactory
from buildbot.process.properties import Property

from ..bases import DeriveBase, PinBase
from ..requirements import HardenRequirements
from ..review import ProposeChange
from .ship import check_out, framed, public


def derive_factory(
    repourl: str | IRenderable,
    bases: Mapping[str, str] | IRenderable,
    *,
    older_than_days: float | IRenderable = 7.0,
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return the factory that derives *bases* from others; see `DeriveBase`.

    Their Dockerfiles are those of the repository's *branch*.
    """
    step = DeriveBase(bases, older_than_days=older_than_days, source=public(repourl), **options)
    return framed(check_out(repourl, branch, git), [step], options)


def propose_bases_factory(
    repourl: str | IRenderable,
    *,
    dockerfiles: Sequence[str] | IRenderable = (),
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    proposal: Mapping[str, Any] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return the factory that proposes the newest own bases; see `ship_factory`.

    *dockerfiles* are those of `PinBase`, *branch* is also the target of the proposal, and
    *proposal* are more options of `ProposeChange`.
    """
    server = {"repourl": repourl, "target": branch, **(proposal or {})}
    steps = [
        PinBase(dockerfiles=dockerfiles, **options),
        _propose("bases", dockerfiles or ["*.docker"], server, options),
    ]
    return framed(check_out(repourl, branch, git), steps, options)


def propose_requirements_factory(
    repourl: str | IRenderable,
    *,
    packages: Sequence[str] | IRenderable = (),
    no_binary: str | IRenderable = ":none:",
    only_binary: str | IRenderable = ":none:",
    files: Sequence[Mapping[str, str]] = ({},),
    branch: str = "main",
    git: Mapping[str, Any] | None = None,
    proposal: Mapping[str, Any] | None = None,
    **options: Any,
) -> BuildFactory:
    """Return the factory that proposes newer requirements; see `ship_factory`.

    *files* has the options ``loose``, ``strict``, ``build_lock`` and ``dockerfile`` of
    `HardenRequirements` for each strict file, and may have *no_binary* and *only_binary* of
    its own.  A build's property ``upgrade`` is its option.
    """
    given = {"packages": packages, "no_binary": no_binary, "only_binary": only_binary}
    given |= {"upgrade": Property("upgrade", "all")}
    hardens = [
        HardenRequirements(name=name, **{**given, **names}, **options)
        for name, names in zip(_names(), files, strict=False)
    ]
    written = [path for step in hardens for path in (step.strict, step.build_lock)]
    server = {"repourl": repourl, "target": branch, **(proposal or {})}
    last = _propose("requirements", written, server, options)
    return framed(check_out(repourl, branch, git), [*hardens, last], options)


def _names() -> Iterator[str]:
    yield "harden"
    number = 2
    while True:
        yield f"harden-{number}"
        number += 1


def _propose(
    topic: str,
    files: Sequence[str] | IRenderable,
    server: Mapping[str, Any],
    options: Mapping[str, Any],
) -> ProposeChange:
    again = Property("again", False)
    given = {"files": files, "message": f"Newer {topic}", "again": again, **options, **server}
    return ProposeChange(topic, **given)
