"""`buildbot-ship completion SHELL`: print a script that completes verbs and options.

The script is static, so completion starts no Python.  shtab writes it from the parsers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import ExtraMissing
from .. import adopt, init
from ..options import make_parser, make_question_parser
from ..output.failure import print_failure
from . import affected, doctor

SHELLS = ("bash", "zsh", "fish")
_FILES = {
    "--dockerfile", "--build-dockerfile", "--strict", "--build-lock", "--loose", "--result",
    "--ca-bundle", "--registry-ca-bundle", "--key-file", "--input", "--output",
}  # fmt: skip
_FOLDERS = {"--checkout", "--work", "--package"}


def run_completion(arguments: Sequence[str]) -> int:
    """Print the script for a shell, and return the exit status."""
    shell = make_completion_parser().parse_args(arguments).shell
    try:
        print(completion(shell), end="")
    except ExtraMissing as error:
        return print_failure("completion", error, aside=True)
    return 0


def completion(shell: str) -> str:
    """Return the script for one of `SHELLS`.  Raises ExtraMissing without shtab."""
    try:
        import shtab  # noqa: PLC0415
    except ImportError:
        raise ExtraMissing("shtab", "completion") from None
    parser = whole_parser()
    _complete_paths(parser, shtab)
    return str(shtab.complete(parser, shell=shell)).rstrip("\n") + "\n"


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser of verbs and questions with all their options."""
    parser = make_parser()
    _subparsers(parser).update({name: make() for name, make in OTHER_WORDS.items()})
    return parser


def make_completion_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    parser = make_question_parser("completion")
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    return parser


OTHER_WORDS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "init": init.make_parser,
    "adopt": adopt.make_parser,
    "doctor": doctor.make_parser,
    "affected": lambda: affected.make_parser({}),
    "completion": make_completion_parser,
}
"""The parsers of the words that have no verb."""


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            choices: dict[str, argparse.ArgumentParser] = action.choices
            return choices
    return {}


def _complete_paths(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Let options that name a file or a folder complete it."""
    for sub in _subparsers(parser).values():
        for action in sub._actions:
            if _FILES.intersection(action.option_strings):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif _FOLDERS.intersection(action.option_strings):
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
