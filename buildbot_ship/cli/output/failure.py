"""Print an error of a word that no verb runs."""

from __future__ import annotations

import sys

from ...errors import ShipError, printable


def print_failure(word: str, error: ShipError, *, aside: bool = False) -> int:
    """Print cause, remedy and details of *error*; return its exit status.

    With *aside* they go to standard error, because a program reads standard output.
    """
    lines = [f"buildbot-ship {word}: {error}", f"  remedy: {error.remedy}"]
    lines += [f"  {line}" for line in error.details.splitlines()]
    for line in lines:
        print(printable(line), file=sys.stderr if aside else sys.stdout)
    return error.status
