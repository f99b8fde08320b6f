"""The command line of `tests/soak/run`, parsed before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

ROUNDS = {"publish": 625, "fuzz": 1_000_000}
"""The soaks, and the rounds of each unless you ask for others."""
ABOUT = {
    "publish": "16 writers publish 16 images under one tag, in each round",
    "fuzz": "every reader gets hostile texts and archives, one in each round",
}
EPILOG = """\
A soak ends with one line, "NAME: N of M held".  Its exit status is 0 only if all held.

soaks:
"""


@dataclass(frozen=True)
class SoakOptions:
    """The options of `tests/soak/run`; in each *mixed_every*th round some claim by hand."""

    name: str
    rounds: int
    unclaimed: bool = False
    mixed_every: int = 25
    database: str = ""
    seed: int = 0
    again: str = ""


def parse_soak(argv: Sequence[str]) -> SoakOptions:
    """Parse the arguments; `--help` ends the program."""
    parser = argparse.ArgumentParser(
        prog="tests/soak/run",
        description="Repeat one promise of this project many times, against real parts.",
        epilog=EPILOG + "".join(f"  {name:<10}{ABOUT[name]}\n" for name in ROUNDS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", choices=ROUNDS, help="one of the soaks below")
    parser.add_argument("--rounds", type=int, help="how often (publish: 625; fuzz: 1000000)")
    parser.add_argument(
        "--unclaimed",
        action="store_true",
        help="publish without claims, to see that this does not hold",
    )
    parser.add_argument(
        "--database",
        metavar="URL",
        default="",
        help="an empty database for the masters, for example postgresql://...; its driver must "
        "be installed (default: an SQLite file)",
    )
    parser.add_argument("--seed", type=int, default=0, help="other inputs (fuzz: 0)")
    parser.add_argument(
        "--again", metavar="TARGET:NUMBER", default="", help="run one round of fuzz again"
    )
    chosen = parser.parse_args(argv)
    rounds = ROUNDS[chosen.name] if chosen.rounds is None else chosen.rounds
    if rounds < 1:
        parser.error("--rounds must be 1 or more")
    return SoakOptions(
        chosen.name,
        rounds,
        chosen.unclaimed,
        database=chosen.database,
        seed=chosen.seed,
        again=chosen.again,
    )
