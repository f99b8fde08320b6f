"""`buildbot-ship adopt FOLDER`: read the configuration of a master, and say what to add.

It is no verb: it runs on the master's machine, and changes nothing there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from ...errors import ShipError, printable
from ...model.adoption.advice import findings, fragment
from ...model.adoption.finding import ADD, FIX, Finding
from ...model.result import counted
from ..options import make_question_parser
from ..output.failure import print_failure
from .master import read_facts


def run_adopt(arguments: Sequence[str]) -> int:
    """Print what the master has and lacks; return the exit status, 0 in both cases."""
    options = make_parser().parse_args(arguments)
    folder = Path(options.folder).resolve()
    try:
        found = tuple(findings(read_facts(folder, options.python)))
    except ShipError as error:
        return print_failure("adopt", error, aside=options.json)
    if options.json:
        print(json.dumps([attrs.asdict(each) for each in found], indent=2))
        return 0
    for line in _lines(folder, found):
        print(printable(line))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = make_question_parser("adopt")
    parser.add_argument("folder", help="folder of the master, with buildbot.tac")
    help = "interpreter of the master (that of the running master, or this one)"
    parser.add_argument("--python", metavar="FILE", help=help)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    return parser


def _lines(folder: Path, found: tuple[Finding, ...]) -> Iterator[str]:
    for each in found:
        yield f"{each.state:<4}  {each.text}"
    if shell := dict.fromkeys(command for each in found for command in each.shell):
        yield "\nFirst run this, as the user of the master:\n"
        yield from shell
    if code := fragment(found):
        yield f"\nAppend this to {folder / 'master.cfg'}:\n"
        yield code
    states = [each.state for each in found]
    wrong = f"{counted(states.count(FIX), 'thing')} to fix, " if FIX in states else ""
    lacking = counted(states.count(ADD), "thing") if ADD in states else "nothing"
    yield f"adopt: {wrong}{lacking} to add"
