"""The base class of all errors, and problems in the lines of a file."""

from __future__ import annotations

from typing import ClassVar

import attrs

MAX_TEXT = 1000
"""Maximum length of a problem's text, which may quote the file, in characters."""


def _shortened(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 2]} ... {text[-MAX_TEXT // 2 :]}"


def printable(text: str) -> str:
    """Return *text* with undecodable bytes of file names written as ``\\udcff``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@attrs.frozen
class Problem:
    """One fault in a file: ``file:line: text``; line numbers start at 1."""

    file: str
    line: int
    text: str = attrs.field(converter=_shortened)

    def __str__(self) -> str:
        """Return the problem in the format of compilers."""
        return printable(f"{self.file}:{self.line}: {self.text}")


@attrs.define(slots=False)
class ShipError(Exception):
    """An error that a user can fix: a message and a remedy."""

    template: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    status: ClassVar[int] = 1
    transient: ClassVar[bool] = False
    unpublished = False
    """Set by a push that fails before it stores anything under the tag."""

    def __str__(self) -> str:
        """Return the message in one line."""
        return printable(self.template.format(**attrs.asdict(self, recurse=False)))

    @property
    def remedy(self) -> str:
        """Return the remedy in one line."""
        return printable(self.advice.format(**attrs.asdict(self, recurse=False)))

    @property
    def details(self) -> str:
        """Return what is too long for the message: all problems, or the output of a tool."""
        return ""

    @property
    def texts(self) -> dict[str, str]:
        """Return whole texts that become logs of the step, by name."""
        return {}
