"""The soak `kills`: in each round a part is killed at a random moment of a build.

The parts are the worker, the master, the engine and the registry, in turn.  Each comes back at
once.  The request of the build must end as a success, its tag must never have named two images,
and nothing may be left in the engine a minute later.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lab.errors import LabError
from lab.runs import Run
from lab.scene.scene import Scene
from lab.scene.staging import soak_scene
from lab.soak.options import SoakOptions
from lab.soak.tally import Tally

WORKER, MASTER, ENGINE, REGISTRY = PARTS = ("worker", "master", "engine", "registry")
_TRIES = 4
"""Builds of one request: a build that loses its worker is repeated by Buildbot itself."""


@dataclass(frozen=True)
class Killed:
    """What is known after a round: how the tries ended, and which images the tag has named."""

    part: str
    tries: Sequence[str]
    said: str
    tag: str | None
    ever: Sequence[str]
    left: Sequence[str]


def soak_kills(run: Run, options: SoakOptions) -> Tally:
    """Run the rounds; a round's moment depends only on its number and the seed."""
    tally = Tally()
    with soak_scene(run, "kills") as scene:
        lengths = {full: _length(scene, full) for full in (False, True)}
        rounds = range(options.first, options.first + options.rounds)
        kills(scene, rounds, options.seed, lengths, tally)
    return tally


def kills(
    scene: Scene, rounds: range, seed: int, lengths: Mapping[bool, float], tally: Tally
) -> None:
    """Run these rounds in a scene.

    *lengths* has the seconds of a build with caches (False), without (True), or of both.
    """
    for number in rounds:
        part = PARTS[number % len(PARTS)]
        dice = random.Random(f"{seed} {number}")  # noqa: S311  # no secret
        full = dice.choice(sorted(lengths))
        moment = dice.uniform(0.0, lengths[full])
        killed = _round(scene, part, full, moment)
        what = f"round {number}: {part} killed after {moment:.2f} s of {lengths[full]:.1f} s"
        judge(what, killed, tally)
        scene.run.say(f"kills: {what}: {' '.join(killed.tries)}")


def judge(what: str, killed: Killed, tally: Tally) -> None:
    """Count a round, and say what did not hold in it."""
    wrong = []
    if not killed.tries or killed.tries[-1] != "SUCCESS" or len(killed.tries) > _TRIES:
        wrong.append(f"{' '.join(killed.tries) or 'no build'}: {killed.said}")
    elif killed.tag is None:
        wrong.append("success, but there is no tag")
    if len(set(killed.ever)) > 1:
        wrong.append(f"the tag named {', '.join(killed.ever)}")
    if killed.left:
        wrong.append(f"left in the engine: {', '.join(killed.left)}")
    tally.attempts += 1
    tally.outcomes[f"{killed.part}: {' '.join(killed.tries) or 'lost'}"] += 1
    if wrong:
        tally.broken.append(f"{what}: {'; '.join(wrong)}")


def _length(scene: Scene, full: bool) -> float:
    """Return how many seconds a build takes that nobody disturbs."""
    commit, began = scene.commit(), time.monotonic()
    outcome = scene.ship(commit, no_cache=full)
    if outcome.tries != ["SUCCESS"]:
        raise LabError(f"an undisturbed build failed: {outcome.said}")
    return time.monotonic() - began


def _round(scene: Scene, part: str, full: bool, moment: float) -> Killed:
    commit = scene.commit()
    request = scene.request_of(scene.begin(revision=commit, no_cache=full))
    time.sleep(moment)
    kill, start = _parts(scene)[part]
    kill()
    start()
    try:
        outcome = scene.ended(request)
        tries, said = outcome.tries, outcome.said
    except LabError as error:
        tries, said = [], str(error)
    left: list[str] = []
    try:
        scene.wait_until_tidy()
    except LabError:
        left = scene.leftovers()
    return Killed(
        part, tries, said, scene.published(commit), scene.ever_published(commit), left
    )


def _parts(scene: Scene) -> Mapping[str, tuple[Callable[[], None], Callable[[], None]]]:
    engine = scene.engine
    return {
        WORKER: (scene.worker.kill, scene.worker.start),
        MASTER: (scene.master.kill, scene.master.start),
        ENGINE: (engine.kill, engine.start),
        REGISTRY: (scene.registry.kill, scene.registry.start),
    }
