"""What an application is checked with: the command that a person types where it is installed.

The first word decides what the pex runs:

    NAME ARGUMENTS              the console script NAME
    python -m MODULE ARGUMENTS  the module MODULE
    python ARGUMENTS            an interpreter that can import the application

The rest goes to the image, as in `docker run IMAGE ARGUMENTS`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

RULE = __doc__.partition("\n\n")[2]
INTERPRETER = "python"


class BadCommand(ValueError):
    """A command that is none of the three forms."""


@dataclass(frozen=True)
class Command:
    """What the pex runs, as options of `buildbot-ship build`, and the image's arguments."""

    entry: tuple[str, ...]
    arguments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Command:
        """Read a command by its first words; raise BadCommand."""
        try:
            first, *rest = shlex.split(text)
        except ValueError as error:
            raise BadCommand(f"{text!r} is no command: {error}") from None
        if first != INTERPRETER:
            return cls(("--script", first), tuple(rest))
        if rest[:1] != ["-m"]:
            return cls((), tuple(rest))
        if len(rest) < 2:
            raise BadCommand(f"{text!r} names no module")
        return cls(("--module", rest[1]), tuple(rest[2:]))
