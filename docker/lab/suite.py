"""Run the test suite: ruff and mypy with the unit tests, and one pytest for all groups."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.cache import cache_folder
from lab.options import GROUPS, TestOptions, parse_tests
from lab.progress import Say, progress

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def main(argv: Sequence[str]) -> int:
    """Run the chosen groups; return the highest exit status of all parts."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options, say = parse_tests(argv), progress()
    statuses = run_checks(say) if "unit" in options.groups else []
    statuses.append(run_pytest(options, say))
    return max(statuses)


def run_checks(say: Say) -> list[int]:
    """Run ruff and mypy, as configured in pyproject.toml."""
    types = cache_folder() / "mypy"
    statuses = []
    for tool in (["ruff", "check"], ["mypy", "--cache-dir", str(types)]):
        say(f"running {tool[0]}")
        statuses.append(_call(tool))
    return statuses


def run_pytest(options: TestOptions, say: Say) -> int:
    """Run the tests of all groups in one session, so that they share one engine."""
    folders = [GROUPS[name].folder for name in options.groups]
    say(f"running pytest {' '.join(folders)}")
    return _call(["pytest", *folders, *options.pytest])


def _call(module: Sequence[str]) -> int:
    argv = [sys.executable, "-m", *module]
    with subprocess.Popen(argv, cwd=CHECKOUT) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # The terminal also interrupted the child, which now cleans up its fixtures.
            return child.wait()
        except SystemExit:
            child.send_signal(signal.SIGINT)
            raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
