"""The command line of `tests/bench/run`, parsed before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.bench.figures import ALL_SITUATIONS, FLOWS

ROUNDS = 5
EXAMPLES = """\
examples:
  tests/bench/run
  tests/bench/run --rounds 1 --flows article ship-verbs --situations cold one-line
  tests/bench/run --growth
  tests/bench/run --smoke
  tests/bench/run --json docs/performance.json --page docs/performance.md \\
      --chart docs/performance.svg
  tests/bench/run --read docs/performance.json --chart again.svg
"""


@dataclass(frozen=True)
class BenchOptions:
    """What `tests/bench/run` was asked for."""

    rounds: int = ROUNDS
    flows: tuple[str, ...] = FLOWS
    situations: tuple[str, ...] = ALL_SITUATIONS
    growth: bool = False
    smoke: bool = False
    json: Path | None = None
    chart: Path | None = None
    page: Path | None = None
    read: Path | None = None


def parse_bench(argv: Sequence[str]) -> BenchOptions:
    """Parse the arguments; `--help` ends the program."""
    parser = _parser()
    chosen = parser.parse_args(argv)
    if chosen.rounds < 1:
        parser.error("--rounds wants 1 or more")
    if chosen.read and not chosen.read.is_file():
        parser.error(f"--read {chosen.read}: there is no such file")
    if chosen.page and not chosen.page.is_file():
        parser.error(f"--page {chosen.page}: there is no such file")
    if chosen.growth and chosen.smoke:
        parser.error("--growth and --smoke are two measurements: choose one")
    for option in ("growth", "smoke"):
        if getattr(chosen, option) and (chosen.read or chosen.json or chosen.chart):
            own = f"--{option} has its own table"
            parser.error(f"{own}: leave out --read, --json and --chart")
    return BenchOptions(
        chosen.rounds,
        tuple(flow for flow in FLOWS if flow in chosen.flows),
        tuple(each for each in ALL_SITUATIONS if each in chosen.situations),
        chosen.growth,
        chosen.smoke,
        chosen.json,
        chosen.chart,
        chosen.page,
        chosen.read,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Ship one application in several ways on this machine, and compare.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rounds", type=int, default=ROUNDS, help=f"of which the median counts ({ROUNDS})")
    add("--flows", nargs="+", choices=FLOWS, default=FLOWS, help="some of them (all)")
    add("--situations", nargs="+", choices=ALL_SITUATIONS, default=ALL_SITUATIONS, help="(all)")
    add("--growth", action="store_true", help="how cost grows, in place of the comparison")
    add("--smoke", action="store_true", help="the cost of a smoke test, in place of the same")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    add("--chart", type=Path, metavar="FILE", help="draw them there, as SVG")
    add("--page", type=Path, metavar="FILE", help="put the tables in their place of a page")
    add("--read", type=Path, metavar="FILE", help="take the figures of an earlier run")
    return parser
