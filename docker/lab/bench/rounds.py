"""All flows in all situations, round after round.

Within a round every flow comes to a situation before the first one comes to the next, and
each round begins with another flow, so that noise hits all of them alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import docker
from lab.bench.changes import change
from lab.bench.figures import (
    BUILD,
    BUILD_SMOKE,
    COLD,
    NO_CHANGE,
    SITUATIONS,
    UV,
    VERBS,
    VERBS_SMOKE,
    Figure,
)
from lab.bench.options import BenchOptions
from lab.bench.product import BuildFlow, VerbsFlow
from lab.bench.scripts import ScriptFlow
from lab.bench.smoke_flows import BuildSmokeFlow, VerbsSmokeFlow
from lab.bench.starting import seconds_to_answer
from lab.bench.uv_flow import UvFlow
from lab.bench.world import World, new_world
from lab.errors import LabError
from lab.git_server import GitServer, git
from lab.runs import Run
from lab.story import look_up


class Flow(Protocol):
    """A way from a commit to a published image."""

    def start(self) -> None:
        """Start what stands ready before a commit comes; it is not measured."""

    def ship(self) -> float:
        """Ship the newest commit of the world's repository; return the seconds."""

    def close(self) -> None:
        """Leave nothing behind."""


FLOW: dict[str, Callable[[World], Flow]] = {
    UV: UvFlow,
    VERBS: VerbsFlow,
    BUILD: BuildFlow,
    VERBS_SMOKE: VerbsSmokeFlow,
    BUILD_SMOKE: BuildSmokeFlow,
}


def make_flow(name: str, world: World) -> Flow:
    """Return a flow by its name."""
    flow = FLOW.get(name)
    return flow(world) if flow else ScriptFlow(world, name)


@dataclass
class Lane:
    """One flow in its world, going through the situations of one round."""

    name: str
    world: World
    flow: Flow

    def ship(self, situation: str) -> Figure:
        """Make the situation, ship its commit, and look at what the registry got."""
        developer, counter = self.world.developer, self.world.counter
        if (message := change(situation, developer.tree)) is not None:
            developer.commit(message)
        self.world.commits[situation] = git(developer.tree, "rev-parse", "HEAD")
        counter.reset()
        seconds = self.flow.ship()
        sent = counter.sent
        size = self._size(situation)
        self.world.run.say(f"{self.name}, {situation}: {seconds:.2f} s, {sent:,} bytes sent")
        return Figure(self.name, situation, seconds, sent, size)

    def start(self, situation: str) -> float:
        """Return the seconds from `docker run` to the first answer of what was shipped."""
        reference = self.world.reference(situation)
        docker.from_env().images.pull(reference)
        # What a pull left to be written is no part of a start, and some images were built here.
        os.sync()
        seconds = seconds_to_answer(self.world.run, reference)
        self.world.run.say(f"{self.name}, {situation}: answers after {seconds:.2f} s")
        return seconds

    def _size(self, situation: str) -> int:
        digest, manifest = look_up(self.world.repository, self.world.commits[situation])
        if situation not in (COLD, NO_CHANGE):
            before, _ = look_up(self.world.repository, self.world.commits[COLD])
            if digest == before:
                raise LabError(f"{self.name}: {situation} was shipped as the image before")
        return sum(int(part["size"]) for part in [manifest["config"], *manifest["layers"]])


def measure(run: Run, options: BenchOptions) -> Iterator[Figure]:
    """Yield the figures of every round."""
    if not any(each in SITUATIONS for each in options.situations):
        return
    git_server = GitServer.start(run)
    for number in range(options.rounds):
        run.say(f"round {number + 1} of {options.rounds}")
        flows = in_turn(options.flows, number)
        yield from one_round(run, flows, options.situations, number, git_server)


def in_turn(flows: Sequence[str], number: int) -> Sequence[str]:
    """Return the flows in the order of a round: each round begins with another one."""
    turn = number % len(flows)
    return (*flows[turn:], *flows[:turn])


def one_round(
    run: Run, flows: Sequence[str], situations: Sequence[str], number: int, server: GitServer
) -> Iterator[Figure]:
    """Yield the figures of one round: what was asked for, and cold stands before all."""
    chain = [each for each in SITUATIONS if each == COLD or each in situations]
    with ExitStack() as stack:
        lanes = [
            stack.enter_context(_lane(run, name, f"{name}-{number}", server)) for name in flows
        ]
        shipped = [(lane, lane.ship(situation)) for situation in chain for lane in lanes]
        # Last, since an image that was pulled may make the next build quicker.
        for lane, figure in shipped:
            if figure.situation in situations:
                yield replace(figure, start_seconds=lane.start(figure.situation))


@contextmanager
def _lane(run: Run, name: str, unique: str, server: GitServer) -> Iterator[Lane]:
    with new_world(run, unique, server) as world:
        flow = make_flow(name, world)
        try:
            flow.start()
            yield Lane(name, world, flow)
        finally:
            flow.close()
