"""The soak `fuzz`: hostile inputs for every reader, on all processors."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from lab.errors import LabError
from lab.runs import Run
from lab.soak.fuzz.rounds import Chunk, run_chunk
from lab.soak.fuzz.targets import TARGETS
from lab.soak.options import SoakOptions
from lab.soak.tally import Tally

_CHUNK = 500
GROWTH_EVERY = 200
"""One comparison of times in so many rounds."""


def soak_fuzz(run: Run, options: SoakOptions) -> Tally:
    """Run all rounds, or the one that *options* name, and count those that held."""
    tally, chunks = Tally(), list(plan(options))
    run.say(f"fuzz: {len(TARGETS)} readers, seed {options.seed}")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context) as pool:
        for number, done in enumerate(pool.map(run_chunk, chunks), 1):
            tally.attempts += done.chunk.count
            tally.outcomes[done.chunk.target] += done.chunk.count
            tally.broken += done.broken
            if number % (max(len(chunks) // 10, 1)) == 0:
                run.say(f"fuzz: {tally.attempts} rounds, {len(tally.broken)} broken")
    # The report shows the first ones: one of each target before the second of any.
    seen: Counter[str] = Counter()
    places = {}
    for line in tally.broken:
        name = line.partition(" --again ")[2].partition(":")[0]
        seen[name] += 1
        places[line] = seen[name]
    tally.broken.sort(key=places.__getitem__)
    return tally


def plan(options: SoakOptions) -> Iterator[Chunk]:
    """Yield the work: each target gets rounds by its weight."""
    if options.again:
        yield _again(options)
        return
    weights = sum(target.weight for target in TARGETS.values())
    left = options.rounds
    for place, target in enumerate(TARGETS.values(), 1):
        share = options.rounds * target.weight // weights if place < len(TARGETS) else left
        left -= share
        growth = -(-share // GROWTH_EVERY) if target.grows else 0
        yield from _chunks(target.name, options.seed, share - growth, growth=False)
        yield from _chunks(target.name, options.seed, growth, growth=True)


def _chunks(name: str, seed: int, rounds: int, *, growth: bool) -> Iterator[Chunk]:
    size = 20 if growth else _CHUNK
    for first in range(0, rounds, size):
        yield Chunk(name, seed, first, min(size, rounds - first), growth)


def _again(options: SoakOptions) -> Chunk:
    """Return the one round that ``--again`` names."""
    name, *rest = options.again.split(":")
    if name not in TARGETS or not rest or not rest[-1].isdecimal():
        raise LabError(f"--again needs TARGET:NUMBER; the targets: {', '.join(TARGETS)}")
    return Chunk(name, options.seed, int(rest[-1]), 1, growth=rest[0] == "growth")
