"""What a verb says when it has ended, on its way to the build page: JSON.

The master decides nothing: it shows the summary, sets the properties, and adds the
texts as logs and build data.
"""

from __future__ import annotations

from typing import Any

import attrs

SCHEMA = 2
SUCCESS, FAILURE, RETRY = "success", "failure", "retry"
BUG = 70
"""The exit status of a verb that met a bug of ours (sysexits.h: EX_SOFTWARE)."""
MAX_BYTES = 16 * 1024**2


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number of things for people: ``1 wheel``, ``2 wheels``, ``2 pexes``."""
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"


@attrs.frozen
class Failure:
    """An error for people: the class of error, what happened, the remedy, the rest."""

    kind: str
    message: str
    remedy: str
    details: str = ""


@attrs.frozen
class Result:
    """The end of a verb.

    *status* is ``success``, ``failure`` or ``retry``.  *properties* become build
    properties.  *texts* are whole texts by file name (the strict file, a diff);
    they become logs and build data.  *warnings* are one line each: the verb succeeded, and
    somebody should look at them.
    """

    verb: str
    status: str
    summary: str
    properties: dict[str, Any] = attrs.field(factory=dict)
    texts: dict[str, str] = attrs.field(factory=dict)
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    schema: int = SCHEMA
