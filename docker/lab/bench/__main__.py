"""`tests/bench/run`, started by `bootstrap` in the environment that it made."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Sequence

from lab.bench.chart import draw
from lab.bench.copying import measure_copies
from lab.bench.figures import BASE_COPY, BASE_NEWS, Figure, from_json, medians, to_json
from lab.bench.growth import growth_table, measure_growth, sentences
from lab.bench.hardening import measure_hardening
from lab.bench.options import BenchOptions, parse_bench
from lab.bench.page import figures_table, goals_table, put
from lab.bench.rounds import measure
from lab.bench.smoke_cost import measure_smoke, smoke_table
from lab.errors import LabError
from lab.progress import progress
from lab.runs import Run, running

KIND = "bench"
FIGURES, GOALS, GROWTH, SMOKE = "figures", "goals", "growth", "smoke"


def main(argv: Sequence[str]) -> int:
    """Measure, print and write what was asked for; return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options, begun = parse_bench(argv), time.monotonic()
    try:
        if options.growth:
            publish_growth(options)
        elif options.smoke:
            publish_smoke(options)
        else:
            publish(options, collect(options))
    except LabError as error:
        print(f"\nThe benchmark failed. {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(f"\n{(time.monotonic() - begun) / 60:.1f} minutes", flush=True)
    return 0


def collect(options: BenchOptions) -> list[Figure]:
    """Return the figures of an earlier run, or measure on this machine."""
    if options.read:
        try:
            return from_json(options.read.read_text(encoding="utf-8"))
        except ValueError as error:
            raise LabError(f"{options.read}: {error}") from None
    if not shutil.which("docker"):
        raise LabError("the article and the Dockerfiles take the docker command: install it")
    with running(KIND, progress()) as run:
        return measure_all(run, options)


def measure_all(run: Run, options: BenchOptions) -> list[Figure]:
    """Measure what was asked for; return the medians."""
    run.start_engine()
    figures = list(measure(run, options))
    if {BASE_COPY, BASE_NEWS} & set(options.situations):
        figures += measure_copies(run, options.flows, options.rounds)
    figures += measure_hardening(run, options)
    return medians(figures)


def publish(options: BenchOptions, figures: Sequence[Figure]) -> None:
    """Print the tables, and write them where they were asked for."""
    parts = {FIGURES: figures_table(figures), GOALS: goals_table(figures)}
    print("", *parts.values(), sep="\n\n", flush=True)
    if options.json:
        options.json.write_text(to_json(figures), encoding="utf-8")
    if options.chart:
        options.chart.write_text(draw(figures), encoding="utf-8")
    if options.page:
        put(options.page, parts)


def publish_growth(options: BenchOptions) -> None:
    """Measure how cost grows, print that, and write it where it was asked for."""
    with running(KIND, progress()) as run:
        run.start_engine()
        costs = list(measure_growth(run))
    _publish_part(GROWTH, f"{growth_table(costs)}\n\n{sentences(costs)}", options)


def publish_smoke(options: BenchOptions) -> None:
    """Measure what a smoke test costs, print that, and write it where it was asked for."""
    with running(KIND, progress()) as run:
        run.start_engine()
        costs = measure_smoke(run, options.rounds)
    _publish_part(SMOKE, smoke_table(costs), options)


def _publish_part(name: str, part: str, options: BenchOptions) -> None:
    print(f"\n{part}", flush=True)
    if options.page:
        put(options.page, {name: part})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
