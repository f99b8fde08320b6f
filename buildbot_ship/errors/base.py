"""What every error has: what happened, to what, and the remedy."""

from __future__ import annotations

from typing import ClassVar

import attrs

MAX_TEXT = 1000
"""Characters of a problem: it may repeat a word of the file, and that may have no end."""


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 2]} ... {text[-MAX_TEXT // 2 :]}"


def printable(text: str) -> str:
    """Return *text* with the bytes of names that are not UTF-8 as ``\\udcff``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@attrs.frozen
class Problem:
    """One fault of a file: ``file:line: text``, with lines counted from 1."""

    file: str
    line: int
    text: str = attrs.field(converter=_shortened)

    def __str__(self) -> str:
        """Return the problem as compilers write it."""
        return printable(f"{self.file}:{self.line}: {self.text}")


@attrs.define(slots=False)
class ShipError(Exception):
    """Something a user can mend: what, which, and the remedy."""

    template: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    status: ClassVar[int] = 1
    transient: ClassVar[bool] = False

    def __str__(self) -> str:
        """Return what happened, and to what, in one line."""
        return printable(self.template.format(**attrs.asdict(self, recurse=False)))

    @property
    def remedy(self) -> str:
        """Return what to do about it, in one line."""
        return printable(self.advice.format(**attrs.asdict(self, recurse=False)))

    @property
    def details(self) -> str:
        """Return what does not fit a summary line: all problems, a tool's output."""
        return ""
