"""The command line: read a request, run its verb, report the result."""

from __future__ import annotations

import gc
import os
import select
import sys
from collections.abc import Sequence

NO_READER = 141
"""The exit status if nobody reads the output any more: that of a program that SIGPIPE ends."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or the exit status of the error."""
    try:
        try:
            return _main(sys.argv[1:] if argv is None else argv)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        # As in `buildbot-ship init | head`.  Python flushes once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return NO_READER


def _nobody_reads() -> bool:
    """Return whether the other end of standard output is closed."""
    poll = select.poll()
    poll.register(1, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _main(arguments: Sequence[str]) -> int:
    # A call without work imports nothing else: imports take most of its time.
    from .up_to_date import repeated_summary  # noqa: PLC0415

    if (summary := repeated_summary(arguments)) is not None:
        print(summary, flush=True)
        return 0
    try:
        return _run(arguments)
    except ModuleNotFoundError as error:
        from .output.failure import print_failure  # noqa: PLC0415
        from .output.missing_extra import missing_extra  # noqa: PLC0415

        return print_failure(arguments[0], missing_extra(error), aside=True)


def _run(arguments: Sequence[str]) -> int:
    if (answer := _other_word(arguments)) is not None:
        return answer
    # Python's garbage collector takes a tenth of a short call and half of its exit, and finds
    # few reference cycles.
    gc.set_threshold(200_000)
    from .call import run  # noqa: PLC0415

    status = run(arguments)
    gc.freeze()
    return status


def _other_word(arguments: Sequence[str]) -> int | None:
    """Run a word that has no verb, and return its exit status; None for other *arguments*."""
    word, *rest = arguments or [""]
    if word == "init":
        from .init import run_init  # noqa: PLC0415

        return run_init(rest, os.environ)
    if word == "adopt":
        from .adopt import run_adopt  # noqa: PLC0415

        return run_adopt(rest)
    if word == "affected":
        from .questions.affected import run_affected  # noqa: PLC0415

        return run_affected(rest, os.environ)
    if word == "doctor":
        from .questions.doctor import run_doctor  # noqa: PLC0415

        return run_doctor(rest, os.environ)
    if word == "completion":
        from .questions.completion import run_completion  # noqa: PLC0415

        return run_completion(rest)
    return None


__all__ = ["main"]
