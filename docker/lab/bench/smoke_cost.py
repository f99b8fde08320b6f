"""The cost of a smoke test: `buildbot-ship smoke` beside `docker run` of the same images.

The images differ in one variable, so the engine has to load and to run each of them. All are
started at the same time, by the smoke test and by `docker run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import docker
from lab.bench.page import markdown, share
from lab.bench.product import ARTEFACTS, CommandLine, VerbsFlow, network
from lab.bench.smoke_flows import smoke_arguments
from lab.bench.starting import seconds_to_all_answers
from lab.bench.world import IMAGE, TEAM, new_world
from lab.git_server import GitServer
from lab.runs import Run

COUNTS = (1, 2, 4)
WORLD = "smoke"
DOCKERFILE = f"{IMAGE}.docker"
SETTLED_AT_ONCE = ("--settle", "0")
HEAD = ("images", "docker run", "smoke, settle 0", "of docker run", "smoke", "smoke and load")


@dataclass(frozen=True)
class SmokeCost:
    """Seconds for as many *images*, each in a container of its own, all at the same time.

    `run` is from `docker run` to the last first answer. The others are calls of
    `buildbot-ship smoke`: `unsettled` with ``--settle 0``, `settled` with the default, `loaded`
    like `unsettled`, but it also loads the images into the engine and removes them.
    """

    images: int
    run: float
    unsettled: float
    settled: float
    loaded: float = 0.0

    @property
    def ratio(self) -> float:
        """Return the cost of the smoke test as a part of `docker run`."""
        return self.unsettled / self.run


@dataclass(frozen=True)
class SmokeCase:
    """Several images of one commit, by name, with their references in the registry."""

    run: Run
    command_line: CommandLine
    references: Mapping[str, str]

    def smoke(self, count: int, options: Sequence[str] = SETTLED_AT_ONCE) -> float:
        """Test the first *count* images together; return the seconds of the call."""
        names = list(self.references)[:count]
        containers = (argument for name in names for argument in smoke_arguments(name))
        return self.command_line.run("smoke", *containers, *options)

    def measure(self, count: int) -> SmokeCost:
        """Return the cost for the first *count* images, which the engine has."""
        chosen = list(self.references.values())[:count]
        seconds = seconds_to_all_answers(self.run, chosen)
        cost = SmokeCost(count, seconds, self.smoke(count), self.smoke(count, ()))
        self.run.say(
            f"{count} images: docker run {cost.run:.2f} s, smoke {cost.unsettled:.2f} s, "
            f"{cost.settled:.2f} s with settle"
        )
        return cost


def measure_smoke(run: Run, rounds: int, counts: Sequence[int] = COUNTS) -> list[SmokeCost]:
    """Return the medians of all rounds, by number of images."""
    server = GitServer.start(run)
    names = image_names(max(counts))
    with new_world(run, WORLD, server) as world:
        place = f"{world.counter.address}/{TEAM}"
        dockerfile = (world.developer.tree / DOCKERFILE).read_text(encoding="utf-8")
        world.developer.write(dockerfiles(dockerfile, names))
        commit = world.developer.commit(f"{len(names)} images")
        references = {name: f"{place}/{name}:{commit}" for name in names}
        case = SmokeCase(run, VerbsFlow(world).command_line, references)
        # Only a build that does not push loads the images into the engine.
        case.command_line.run(*build_arguments(names), "--to", place)
        loads = {count: median(case.smoke(count) for _ in range(rounds)) for count in counts}
        case.command_line.run(*build_arguments(names))
        for reference in references.values():
            docker.from_env().images.pull(reference)
        costs = [case.measure(count) for _ in range(rounds) for count in counts]
    server.process.stop()
    return medians(costs, loads)


def medians(costs: Iterable[SmokeCost], loads: Mapping[int, float]) -> list[SmokeCost]:
    """Return one cost for each number of images, with the seconds of its call that loads."""
    groups: dict[int, list[SmokeCost]] = {}
    for cost in costs:
        groups.setdefault(cost.images, []).append(cost)
    return [
        replace(
            group[0],
            run=median(each.run for each in group),
            unsettled=median(each.unsettled for each in group),
            settled=median(each.settled for each in group),
            loaded=loads[images],
        )
        for images, group in groups.items()
    ]


def image_names(count: int) -> list[str]:
    """Return the names of as many images."""
    return [f"{IMAGE}-{number}" for number in range(1, count + 1)]


def dockerfiles(dockerfile: str, names: Sequence[str]) -> dict[str, str]:
    """Return the Dockerfiles of *names*: the application's, and a variable with the name."""
    return {f"{name}.docker": f"{dockerfile}ENV NAME={name}\n" for name in names}


def build_arguments(names: Sequence[str]) -> list[str]:
    """Return the command line that builds all images without a push."""
    images = (argument for name in names for argument in ("--image", name))
    return ["build", *ARTEFACTS, *images, *network()]


def smoke_table(costs: Iterable[SmokeCost]) -> str:
    """Return the table of all costs."""
    rows = [
        (
            str(cost.images),
            f"{cost.run:.2f} s",
            f"{cost.unsettled:.2f} s",
            share(cost.ratio),
            f"{cost.settled:.2f} s",
            f"{cost.loaded:.2f} s",
        )
        for cost in costs
    ]
    return markdown(HEAD, rows)
