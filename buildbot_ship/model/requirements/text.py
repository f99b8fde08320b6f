"""Decode requirement files, and limit their size."""

from __future__ import annotations

import re

from ...errors import InvalidFile, Problem

MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 20_000
"""Maximum number of lines, not counting blank lines, comments and lines with only a hash."""
# Where pip looks for an encoding: https://peps.python.org/pep-0263/, in the first two lines.
_CODING = re.compile(rb"#.*?coding[:=]\s*([-\w.]+)")

# Control characters, line ends that git and editors do not count, and marks of direction: what
# looks like a comment could be a requirement.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\r(?!\n)"
)


def decode(data: bytes, file: str, entries: int = MAX_ENTRIES) -> str:
    """Return the text of a requirement file with at most *entries* requirements.

    Raises InvalidFile if it is not UTF-8, is too large, or has unseen characters.
    """
    _check_size(data, file, entries)
    for number, raw in enumerate(data.split(b"\n", 2)[:2], 1):
        declared = _CODING.match(raw)
        if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
            text = "the file declares an encoding other than UTF-8: remove the declaration"
            raise InvalidFile((Problem(file, number, text),))
    try:
        text = data.decode("utf-8-sig")
        found = _UNSEEN.search(text)
        if found:
            line = text.count("\n", 0, found.start()) + 1
            why = "the line has a character that editors do not show: remove it"
            raise InvalidFile((Problem(file, line, why),))
        return text
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidFile(
            (Problem(file, line, "the file is not UTF-8: save it as UTF-8"),)
        ) from None


def _check_size(data: bytes, file: str, entries: int) -> None:
    if len(data) > MAX_BYTES:
        number = data.count(b"\n", 0, MAX_BYTES) + 1
        text = f"the file exceeds {MAX_BYTES} bytes here: shorten it, or name another file"
        raise InvalidFile((Problem(file, number, text),))
    count = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        start = line.lstrip()[:7]
        count += bool(start) and not start.startswith((b"#", b"--hash="))
        if count > entries:
            text = f"the file has more than {entries} requirements: shorten it"
            raise InvalidFile((Problem(file, number, text),))
