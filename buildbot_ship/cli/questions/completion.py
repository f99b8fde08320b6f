"""`buildbot-ship completion SHELL`: print a script that completes verbs and options.

The script is static, so completion starts no Python.  shtab writes it from the parsers.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ExtraMissing
from ..help_texts import QUESTION_HELP
from ..options import make_parser, make_question_parser
from .affected import add_affected_options
from .doctor import add_doctor_options

SHELLS = ("bash", "zsh", "fish")
_FILES = {
    "--dockerfile", "--build-dockerfile", "--strict", "--build-lock", "--loose", "--result",
    "--ca-bundle", "--registry-ca-bundle", "--key-file", "--input", "--output",
}  # fmt: skip
_FOLDERS = {"--checkout", "--work", "--package"}


def run_completion(arguments: Sequence[str]) -> int:
    """Print the script for a shell, and return the exit status."""
    parser = make_question_parser("completion")
    _add_options(parser)
    shell = parser.parse_args(arguments).shell
    try:
        print(completion(shell), end="")
    except ExtraMissing as error:
        parser.exit(
            error.status, f"buildbot-ship completion: {error}\n  remedy: {error.remedy}\n"
        )
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
    subs = _subparsers(parser)
    subs["doctor"].description = QUESTION_HELP["doctor"][0]
    add_doctor_options(subs["doctor"])
    add_affected_options(subs["affected"], {})
    _add_options(subs["completion"])
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def _subparsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def _complete_paths(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Let options that name a file or a folder complete it."""
    for sub in _subparsers(parser).values():
        for action in sub._actions:
            if _FILES.intersection(action.option_strings):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif _FOLDERS.intersection(action.option_strings):
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
