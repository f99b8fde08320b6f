"""Checks of this machine: the engine, disks, the clock, CA bundles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ...errors import EngineForbidden, EngineUnavailable, EngineUnfit
from ...model.diagnosis.certificates import judge_bundle
from ...model.diagnosis.clock import judge_clock
from ...model.diagnosis.engine import judge_engine
from ...model.diagnosis.finding import Finding, failed, ok, problem, skipped
from ...model.diagnosis.space import GIB, judge_space
from .checks import Check
from .scene import Scene

ENGINE, ENGINE_DISK, CLOCK = "engine", "engine disk", "clock"
_PRUNE = (
    "free space on the engine's disk, for example with docker system prune, or move its data "
    "root to a larger disk"
)


def engine_checks(scene: Scene) -> list[Check]:
    """Return the checks of the engine, which share one question to it."""
    return [
        Check(ENGINE, partial(_engine, scene)),
        Check(ENGINE_DISK, partial(_engine_disk, scene), needs=(ENGINE,)),
    ]


def _engine(scene: Scene) -> Iterator[Finding]:
    try:
        facts = scene.engine()
    except EngineForbidden as error:
        yield failed("this user may not use the Docker socket", error)
        return
    except EngineUnavailable as error:
        yield failed("no Docker Engine answers", error)
        return
    except EngineUnfit as error:
        yield failed("this engine cannot be used", error)
        return
    scene.see("the engine", facts.time)
    scene.facts.append(facts)
    yield from judge_engine(facts)


def _engine_disk(scene: Scene) -> Iterator[Finding]:
    facts = scene.facts[0]
    root = Path(facts.root or "/nonexistent")
    space = scene.space(root) if facts.is_local and root.exists() else None
    if space is None:
        yield skipped(f"its data root {facts.root} is on another machine: see docker system df")
        return
    what = "the Docker Engine"
    yield judge_space(space, what, _PRUNE, least=GIB, better=10 * GIB)


def disk_checks(scene: Scene) -> list[Check]:
    """Return the checks of the folders that builds write to."""
    folders = {"work folder": scene.work.root, "state folder": scene.options.state}
    return [Check(name, partial(_folder, scene, name, path)) for name, path in folders.items()]


def _folder(scene: Scene, name: str, path: Path) -> Iterator[Finding]:
    option = "--work" if name == "work folder" else "the variable BUILDBOT_SHIP_STATE"
    space = scene.space(path)
    if space is None:
        cause = "its file system does not answer"
        yield problem(f"{path} cannot be read", cause, f"name another folder with {option}")
        return
    if not space.is_writable:
        yield problem(
            f"the {name} {path} cannot be written",
            f"this user may not write in {space.path}",
            f"let this user own {space.path}, or name another folder with {option}",
        )
        return
    remedy = (
        f"free space, for example with buildbot-ship gc, or name a folder on a larger disk "
        f"with {option}"
    )
    yield judge_space(space, f"the {name}", remedy, least=GIB, better=5 * GIB)


def bundle_checks(scene: Scene) -> list[Check]:
    """Return one check for all CA bundles."""
    return [Check("CA bundles", partial(_bundles, scene))]


def _bundles(scene: Scene) -> Iterator[Finding]:
    if not scene.options.bundles:
        yield ok("none: the public authorities are trusted")
    options: dict[str, list[str]] = {}
    for option, path in scene.options.bundles.items():
        options.setdefault(path, []).append(option)
    for path, named in options.items():
        option = " and ".join(named)
        try:
            text = Path(path).read_text(encoding="ascii", errors="replace")
        except OSError as error:
            cause = f"{error.strerror}, named by {option}"
            remedy = f"name an existing file in {option}, readable for this user"
            yield problem(f"the CA bundle {path} cannot be read", cause, remedy)
        else:
            yield judge_bundle(path, text, scene.now())


def clock_check(scene: Scene, after: tuple[str, ...]) -> Check:
    """Return the check of the clock, which comes *after* those that see another one."""
    return Check(CLOCK, lambda: judge_clock(scene.sightings), after=after)
