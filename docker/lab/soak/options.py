"""The command line of `tests/soak/run`, parsed before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Soak:
    """The default number of rounds, what happens in each, and whether it needs base images."""

    rounds: int
    about: str
    bases: bool = False


SOAKS = {
    "publish": Soak(625, "16 writers publish 16 images under one tag, in each round"),
    "collector": Soak(1000, "the collector runs beside killed and living builds, and forgers"),
    "kills": Soak(300, "a part is killed at a random moment of a build", bases=True),
    "load": Soak(200, "builds wait in one queue; the memory stays bounded", bases=True),
    "secrets": Soak(
        14, "everything prints its secrets, and they are searched everywhere", bases=True
    ),
    "fuzz": Soak(1_000_000, "every reader gets hostile texts and archives, one in each round"),
}
EPILOG = """\
A soak ends with one line, "NAME: N of M held".  Its exit status is 0 only if all held.

soaks:
"""


@dataclass(frozen=True)
class SoakOptions:
    """The options of `tests/soak/run`; in each *mixed_every*th round some claim by hand.

    *quick* leaves out hardening in the rounds of `secrets`, which takes half of their time.
    The rounds of `kills` begin with number *first*, and have the moments of *seed*.
    """

    name: str
    rounds: int
    unclaimed: bool = False
    mixed_every: int = 25
    database: str = ""
    quick: bool = False
    seed: int = 0
    first: int = 0
    again: str = ""


def parse_soak(argv: Sequence[str]) -> SoakOptions:
    """Parse the arguments; `--help` ends the program."""
    parser = argparse.ArgumentParser(
        prog="tests/soak/run",
        description="Repeat one promise of this project many times, against real parts.",
        epilog=EPILOG + "".join(f"  {name:<10}{soak.about}\n" for name, soak in SOAKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", choices=SOAKS, help="one of the soaks below")
    defaults = ", ".join(f"{name}: {soak.rounds}" for name, soak in SOAKS.items())
    parser.add_argument("--rounds", type=int, help=f"how often ({defaults})")
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
    parser.add_argument(
        "--seed", type=int, default=0, help="kills, fuzz: other moments or inputs"
    )
    parser.add_argument(
        "--first", type=int, default=0, help="kills: the number of the first round, to go on"
    )
    parser.add_argument(
        "--again", metavar="TARGET:NUMBER", default="", help="run one round of fuzz again"
    )
    chosen = parser.parse_args(argv)
    rounds = SOAKS[chosen.name].rounds if chosen.rounds is None else chosen.rounds
    if rounds < 1:
        parser.error("--rounds must be 1 or more")
    return SoakOptions(
        chosen.name,
        rounds,
        chosen.unclaimed,
        database=chosen.database,
        seed=chosen.seed,
        first=chosen.first,
        again=chosen.again,
    )
