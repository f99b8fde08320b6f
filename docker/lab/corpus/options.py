"""The command line of `tests/corpus`, parsed before anything is installed."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lab.corpus.apps import CORPUS, App
from lab.corpus.command import RULE, BadCommand
from lab.debian import DEFAULT, MINORS

PINNED = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w.,-]+\])?==[\w.+!-]+")
JOBS = 2
EXAMPLES = """\
examples:
  tests/corpus --quick
  tests/corpus black celery
  tests/corpus --python 3.15
  tests/corpus --app cowsay==6.1 --check 'cowsay -t moo' --expect moo
"""


@dataclass(frozen=True)
class CorpusOptions:
    """What `tests/corpus` was asked for."""

    apps: tuple[App, ...]
    jobs: int
    keep: bool
    python: str


def parse_corpus(argv: Sequence[str]) -> CorpusOptions:
    """Parse the arguments; `--help` ends the program."""
    parser = _parser()
    chosen = parser.parse_args(argv)
    if chosen.jobs < 1:
        parser.error("--jobs wants 1 or more")
    return CorpusOptions(_apps(parser, chosen), chosen.jobs, chosen.keep, chosen.python)


def _apps(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> tuple[App, ...]:
    if sum(map(bool, (chosen.names, chosen.quick, chosen.app))) > 1:
        parser.error("give names, --quick or --app, not several of them")
    if bool(chosen.app) != bool(chosen.check) or (chosen.expect and not chosen.app):
        parser.error("--app and --check go together, and --expect with them")
    if chosen.app:
        return (_asked_for(parser, chosen),)
    known = {app.name: app for app in CORPUS}
    for name in chosen.names:
        if name not in known:
            parser.error(f"no application {name!r} in the corpus; there are {', '.join(known)}")
    if chosen.quick:
        return tuple(app for app in CORPUS if app.quick)
    return tuple(app for app in CORPUS if app.name in chosen.names or not chosen.names)


def _asked_for(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> App:
    if not PINNED.fullmatch(chosen.app):
        parser.error(f"--app {chosen.app}: write NAME==VERSION, as in black==26.10.1")
    app = App.of_requirement(chosen.app, chosen.check, chosen.expect)
    try:
        _ = app.command
    except BadCommand as error:
        parser.error(f"--check: {error}")
    return app


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tests/corpus",
        usage="tests/corpus [--quick | NAME ... | --app NAME==VERSION --check 'COMMAND']",
        description="Build real applications twice under different conditions, compare every "
        "digest,\nand run their images; without a name, the whole corpus.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="one of the applications below")
    add("--quick", action="store_true", help="three small ones, among them sdists")
    add("--app", metavar="NAME==VERSION", default="", help="any of the package index")
    add("--check", metavar="COMMAND", default="", help="how it is run, as below")
    add("--expect", metavar="TEXT", default="", help="what the output holds (anything)")
    add("--python", choices=MINORS, default=DEFAULT, help=f"that of the bases ({DEFAULT})")
    add("--jobs", type=int, default=JOBS, help=f"applications at a time ({JOBS})")
    add("--keep", action="store_true", help="leave repositories and registry to look at")
    return parser


def _epilog() -> str:
    apps = "\n".join(f"  {app.name:<14}{app.stands_for}" for app in CORPUS)
    return (
        f"COMMAND is what one types where it is installed. {RULE}"
        "It passes with exit status 0 and the expected text in its output.\n\n"
        f"{EXAMPLES}\ncorpus:\n{apps}"
    )
