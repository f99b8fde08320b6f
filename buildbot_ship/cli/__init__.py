"""The composition root: argv and standard input to a request, a verb run, a result out."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or one per kind of error."""
    # Imported here, so that a call that is known to be done needs nothing else.
    from .known import look  # noqa: PLC0415

    arguments = sys.argv[1:] if argv is None else argv
    if (said := look(arguments)) is not None:
        print(said, flush=True)
        return 0
    from .call import run  # noqa: PLC0415

    return run(arguments)


__all__ = ["main"]
