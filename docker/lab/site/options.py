"""The command line of `docs/build`, parsed before anything is installed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
DEFAULT = CHECKOUT / "build" / "site"


@dataclass(frozen=True)
class SiteOptions:
    """The options of `docs/build`: what it does, and where the site is written to."""

    output: Path
    links: bool = False
    commands: bool = False


def parse_site(argv: Sequence[str]) -> SiteOptions:
    """Parse the arguments; `--help` ends the program."""
    parser = argparse.ArgumentParser(
        prog="docs/build",
        description="Build the site of the documentation. A warning is an error.",
    )
    parser.add_argument(
        "--output", type=Path, default=DEFAULT, help="folder for the site (build/site)"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--links", action="store_true", help="only check the links to other sites"
    )
    other.add_argument(
        "--commands",
        action="store_true",
        help="only write docs/commands.md, from the options of the command line",
    )
    chosen = parser.parse_args(argv)
    return SiteOptions(chosen.output.absolute(), chosen.links, chosen.commands)
