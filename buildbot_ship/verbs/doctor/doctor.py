"""Find what would stop a build on this machine, or spoil what it makes.

    engine ---- engine disk              registry ---- login ---- push ---- mount
    work folder, state folder                            |
    git, Dockerfiles, requirements                       +------- base ---- Python
    index, CA bundles                    clock, after all that see another clock

What stands beside each other runs side by side; a check is skipped if one to its left that it
needs has a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from ...model.diagnosis.finding import Finding, Report
from ...model.dockerfile.document import Dockerfile
from ...model.reference import Repository
from .bases import base_checks, base_name, copies_pex
from .checks import Check, run_checks
from .index import index_checks
from .machine import bundle_checks, clock_check, disk_checks, engine_checks
from .registries import mount_checks, push_checks, registry_checks, registry_name
from .repository import git_check, lock_check, read_dockerfiles
from .scene import Scene


def doctor(scene: Scene, show: Callable[[Finding], None] = lambda _: None) -> Report:
    """Run every check; return the report.  *show* gets each finding as soon as possible."""
    return run_checks(list(_checks(scene)), show)


def _checks(scene: Scene) -> Iterator[Check]:
    parsed = read_dockerfiles(scene)
    scene = _with_destinations(scene, parsed.files)
    registries = _registries(scene, parsed.files)
    indexes = index_checks(scene)
    yield from engine_checks(scene)
    yield from disk_checks(scene)
    yield from bundle_checks(scene)
    yield from indexes
    yield from registry_checks(scene, registries)
    yield from push_checks(scene)
    yield git_check(scene)
    yield parsed.check()
    yield lock_check(scene)
    yield from base_checks(scene, parsed.files)
    yield from mount_checks(scene, [(base_name(file.file), file.base) for file in parsed.files])
    others = [registry_name(registry) for registry in registries]
    yield clock_check(scene, ("engine", *others, *(check.name for check in indexes)))


def _with_destinations(scene: Scene, files: tuple[Dockerfile, ...]) -> Scene:
    """Return *scene* with the repositories that ``build --to`` would push to."""
    options = scene.options
    if not options.push_to:
        return scene
    names = options.images or tuple(
        file.file.removesuffix(".docker") for file in files if copies_pex(file)
    )
    to = [Repository.parse(f"{options.push_to}/{name}") for name in names or ("app",)]
    push = (*options.push, *to)
    return attrs.evolve(scene, options=attrs.evolve(options, push=push))


def _registries(scene: Scene, files: tuple[Dockerfile, ...]) -> dict[str, str]:
    """Return every registry that a build asks, and a text with the places that name it."""
    options = scene.options
    named = [(file.base.repository, file.file) for file in files]
    for each in options.push:
        to = options.push_to and str(each).startswith(f"{options.push_to}/")
        named.append((each, "--to" if to else "--push"))
    named += [(options.cache, "--cache")] if options.cache else []
    places: dict[str, dict[str, None]] = {}
    for repository, place in named:
        places.setdefault(repository.registry, {})[place] = None
    return {registry: _names(list(each)) for registry, each in places.items()}


def _names(places: list[str]) -> str:
    """Return who names a registry: ``build.docker, app.docker and --to name it``."""
    *others, last = places
    return f"{', '.join(others)} and {last} name it" if others else f"{last} names it"
