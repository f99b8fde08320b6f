"""Requirements become pins with hashes: by `buildbot-ship harden`, and by `uv pip compile`.

Both resolve the benchmark's loose file on the build base, for its Python, from one index. Their
tools are on the machine, but nothing is known about any package: ours are in a tools image, and
uv is one program. What they wrote and what they keep is there when they do the same again. uv
does less: it locks no build requirements, and does not read the own package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lab.bench.changes import BUILD_LOCK, STRICT
from lab.bench.figures import HARDENERS, HARDENINGS, UV, VERBS, Figure
from lab.bench.options import BenchOptions
from lab.bench.product import CommandLine, network
from lab.bench.rounds import in_turn
from lab.bench.scripts import run_script
from lab.bench.uv import Uv
from lab.bench.world import World, new_world
from lab.errors import LabError
from lab.git_server import GitServer
from lab.pins import FROM
from lab.runs import LABEL, Run

SCRIPT = "uv-harden.sh"
BUILD_DOCKERFILE = "build.docker"
LOOSE = "requirements.loose.txt"
# A small wheel that the application does not have.
NOT_OURS = "iniconfig"
HASH = "--hash=sha256:"


class Hardener(Protocol):
    """A way from a loose file to a strict one."""

    def start(self) -> None:
        """Have the tools; it is not measured."""

    def harden(self) -> float:
        """Write the strict file; return the seconds."""


@dataclass
class ShipHardener:
    """One `buildbot-ship harden`."""

    world: World

    def start(self) -> None:
        """Have the tools image, from hardening something else with another cache."""
        folder = self.world.run.folder / f"{self.world.name}.other"
        folder.mkdir()
        tree = self.world.developer.tree
        (folder / BUILD_DOCKERFILE).write_bytes((tree / BUILD_DOCKERFILE).read_bytes())
        (folder / LOOSE).write_text(f"{NOT_OURS}\n", encoding="utf-8")
        self._command_line(folder, "other").run("harden", *network())

    def harden(self) -> float:
        """Write the strict file and the build lock; return the seconds."""
        calls = self._command_line(self.world.developer.tree, "harden")
        return calls.run("harden", "--package", ".", *network())

    def _command_line(self, folder: Path, home: str) -> CommandLine:
        place = self.world.run.folder / f"{self.world.name}.{home}.home"
        return CommandLine(folder, place, self.world.owner)


@dataclass
class UvHardener:
    """One `uv pip compile --generate-hashes`, in a container."""

    world: World
    uv: Uv = field(init=False)

    def start(self) -> None:
        """Have the program, and an empty folder for what it keeps."""
        self.uv = Uv.get(self.world.run.cache)
        self._cache.mkdir()

    def harden(self) -> float:
        """Write the strict file; return the seconds."""
        tree, run = self.world.developer.tree, self.world.run
        base = FROM.search((tree / BUILD_DOCKERFILE).read_text(encoding="utf-8"))
        variables = {
            "BASE": base[2] if base else "",
            "CACHE": str(self._cache),
            "LABEL": f"{LABEL}={run.name}",
            "UV": str(self.uv.path),
        }
        return run_script(SCRIPT, tree, run.folder / f"{self.world.name}.log", variables)

    @property
    def _cache(self) -> Path:
        return self.world.run.folder / f"{self.world.name}.cache"


HARDENER: dict[str, Callable[[World], Hardener]] = {UV: UvHardener, VERBS: ShipHardener}


def measure_hardening(run: Run, options: BenchOptions) -> Iterator[Figure]:
    """Yield the figures of every round."""
    flows = [flow for flow in HARDENERS if flow in options.flows]
    situations = [each for each in HARDENINGS if each in options.situations]
    if not (flows and situations):
        return
    server = GitServer.start(run)
    for number in range(options.rounds):
        figures = one_hardening(run, in_turn(flows, number), number, server)
        yield from (each for each in figures if each.situation in situations)


def one_hardening(
    run: Run, flows: Sequence[str], number: int, server: GitServer
) -> Iterator[Figure]:
    """Yield the figures of one round."""
    with ExitStack() as stack:
        lanes = []
        for flow in flows:
            name = f"harden-{flow}-{number}"
            world = stack.enter_context(new_world(run, name, server))
            for file in (STRICT, BUILD_LOCK):
                (world.developer.tree / file).unlink()
            lanes.append((flow, world, HARDENER[flow](world)))
            lanes[-1][2].start()
        for situation in HARDENINGS:
            for flow, world, hardener in lanes:
                seconds = hardener.harden()
                pins = pins_in(world.developer.tree / STRICT)
                run.say(f"{flow}, {situation}: {seconds:.2f} s, {pins} packages")
                yield Figure(flow, situation, seconds, 0, 0)


def pins_in(strict: Path) -> int:
    """Return how many packages a strict file pins.  Raises LabError if it has no hashes."""
    text = strict.read_text(encoding="utf-8") if strict.exists() else ""
    if HASH not in text:
        raise LabError(f"{strict}: nothing is pinned there with a hash")
    return sum("==" in line and not line.startswith("#") for line in text.splitlines())
