"""Run the test suite: ruff, then two sessions of pytest and mypy side by side.

The groups with an engine wait for containers, registries and browsers most of the time.  Those
of one session share an engine and count what is in it, so they run one after the other.  The
second session has an engine of its own:

    ruff | pytest engine, article, engines, demo ---------------------- |
         | pytest unit, faults, buildbot, review, world, site, part of engine |
         | mypy -- |
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from lab.cache import cache_folder
from lab.options import GROUPS, TestOptions, parse_tests
from lab.progress import progress

CHECKOUT = Path(__file__).resolve().parent.parent.parent
SESSIONS = (
    ("engine", "article", "engines", "demo"),
    ("unit", "faults", "buildbot", "review", "world", "site"),
)
MOVED = tuple(f"tests/engine/test_{name}.py" for name in ("cache", "carried", "conflicts"))
"""Tests of the group engine that the second session runs, so that both end at the same time."""
Command = Sequence[str]
PATIENT = ("nice", "-n", "19")
"""How to run mypy: it only computes, and the groups with an engine end last anyway."""
NO_TESTS = 5
"""The exit status of pytest if no test was chosen."""


def main(argv: Sequence[str]) -> int:
    """Run the chosen groups; return the highest exit status of all parts."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options, say = parse_tests(argv), progress()
    sessions, checks = pytest_commands(options), list[Command]()
    statuses = []
    if "unit" in options.groups:
        say("running ruff")
        statuses += run_side_by_side([["ruff", "check"]])
        checks.append(["mypy", "--cache-dir", str(cache_folder() / "mypy")])
    for command in (*sessions, *checks):
        say(f"running {' '.join(command)}")
    ended = run_side_by_side([*sessions, *checks])
    return max([*statuses, worst(ended[: len(sessions)]), *ended[len(sessions) :]])


def worst(statuses: Sequence[int]) -> int:
    """Return the highest exit status of pytest sessions.

    A session without a chosen test counts only if all are: ``-k`` may choose tests of one.
    """
    chosen = [status for status in statuses if status != NO_TESTS]
    return max(chosen, default=NO_TESTS)


def pytest_commands(options: TestOptions) -> list[Command]:
    """Return the pytest sessions of the chosen groups, as in `SESSIONS`."""
    chosen = ([name for name in session if name in options.groups] for session in SESSIONS)
    sessions = [[GROUPS[name].folder for name in session] for session in chosen if session]
    if len(sessions) == len(SESSIONS):
        first, second = sessions
        if "engine" in options.groups:
            first += [f"--ignore={file}" for file in MOVED]
            second += MOVED
        second.append("--own-engine")
    return [["pytest", *session, *options.pytest] for session in sessions]


def run_side_by_side(commands: Sequence[Command]) -> list[int]:
    """Run Python modules at the same time; return their exit statuses.

    The output of the first one is shown as it comes, that of the others when they have ended.
    """
    with ExitStack() as stack:
        outputs: list[IO[bytes] | None] = [None]
        outputs += [stack.enter_context(tempfile.TemporaryFile()) for _ in commands[1:]]
        started = [
            stack.enter_context(_start(command, output))
            for command, output in zip(commands, outputs, strict=True)
        ]
        try:
            statuses = [child.wait() for child in started]
        except KeyboardInterrupt:
            # The terminal also interrupted the children, which now clean up their fixtures.
            statuses = [child.wait() for child in started]
        except SystemExit:
            for child in started:
                child.send_signal(signal.SIGINT)
            raise
        finally:
            for output in filter(None, outputs):
                _show(output)
    return statuses


def _start(command: Command, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    argv = [*(PATIENT if command[0] == "mypy" else ()), sys.executable, "-m", *command]
    errors = None if output is None else subprocess.STDOUT
    return subprocess.Popen(argv, cwd=CHECKOUT, stdout=output, stderr=errors)


def _show(output: IO[bytes]) -> None:
    output.seek(0)
    sys.stdout.flush()
    while part := output.read(1 << 16):
        os.write(sys.stdout.fileno(), part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
