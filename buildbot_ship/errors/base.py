"""The base class of all errors, and problems in the lines of a file."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import attrs

MAX_TEXT = 1000
"""Maximum length of a text that quotes a file or an option, in characters."""
MAX_FIELD = 2000
"""Maximum length of any other text in a message, such as the name of a file."""
MAX_MESSAGE = 3900
"""Maximum length of a message with all its texts, in which some characters are escaped."""
HIDDEN = "***"
_IN_URL = re.compile(r"(?<=//)[^\s/@]*@|(?<=:)[^\s/@:]+@(?!sha256:)")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{64})(?![0-9A-Za-z+])")
_LONG_WORD = re.compile(r"[0-9A-Za-z+]{20,}")


def shortened(text: str, most: int = MAX_TEXT) -> str:
    """Return *text* with at most *most* characters and a mark: its start and its end."""
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 2 :]}"


def quotable(text: str) -> str:
    """Return *text*, which may quote a file or an option, short and without secrets.

    Hidden are user and password in URLs, and long words of letters and digits, which may be
    tokens or keys.  Digests and timestamps of tags stay.
    """
    # The ends are enough, and a text may have a gigabyte.
    short = shortened(text, 4 * MAX_TEXT)
    parts = _DIGEST.split(without_login(short))
    parts[::2] = [_LONG_WORD.sub(_hidden, part) for part in parts[::2]]
    return shortened("".join(parts))


def without_login(text: str) -> str:
    """Return *text* without users and passwords in URLs."""
    return _IN_URL.sub(f"{HIDDEN}@", text)


def _hidden(word: re.Match[str]) -> str:
    text = word[0]
    return HIDDEN if not (text.isalpha() or text.isdecimal()) else text


def printable(text: str) -> str:
    """Return *text* with undecodable bytes of file names written as ``\\udcff``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def in_one_line(text: str) -> str:
    """Return *text* with spaces for line ends, and other unprintable characters escaped."""
    if text.isprintable():
        return text
    text = " ".join(text.splitlines())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@attrs.frozen
class Problem:
    """One fault in a file: ``file:line: text``; line numbers start at 1."""

    file: str
    line: int
    text: str = attrs.field(converter=quotable)

    def __str__(self) -> str:
        """Return the problem in the format of compilers."""
        text = in_one_line(f"{shortened(self.file)}:{self.line}: {self.text}")
        return shortened(text, MAX_MESSAGE)


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
        return shortened(in_one_line(self.template.format(**self._fields())), MAX_MESSAGE)

    @property
    def remedy(self) -> str:
        """Return the remedy in one line."""
        return shortened(in_one_line(self.advice.format(**self._fields())), MAX_MESSAGE)

    def _fields(self) -> dict[str, Any]:
        """Return the values for the message; a long text is shortened."""
        fields = attrs.asdict(self, recurse=False)
        texts = {k: shortened(v, MAX_FIELD) for k, v in fields.items() if isinstance(v, str)}
        return {**fields, **texts}

    @property
    def details(self) -> str:
        """Return what is too long for the message: all problems, or the output of a tool."""
        return ""

    @property
    def texts(self) -> dict[str, str]:
        """Return whole texts that become logs of the step, by name."""
        return {}
