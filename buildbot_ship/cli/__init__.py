"""The composition root: argv and standard input to a request, a verb run, a result out."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or one per kind of error."""
    # Imported here, so that a call that is known to be done needs nothing else.
    from .up_to_date import look  # noqa: PLC0415

    arguments = sys.argv[1:] if argv is None else argv
    if (said := look(arguments)) is not None:
        print(said, flush=True)
        return 0
    # Circles of references are few, and looking for them in all that is imported takes a
    # tenth of a short call; at its end, as long as the rest of leaving.
    gc.set_threshold(200_000)
    from .call import run  # noqa: PLC0415

    status = run(arguments)
    gc.freeze()
    return status


__all__ = ["main"]
