"""The text of files that people write."""

from __future__ import annotations

import re

from ...errors import InvalidFile, Problem

MAX_BYTES = 16 * 1024 * 1024
MAX_ENTRIES = 20_000
"""Lines of a requirement file that may say something, hashes on lines of their own aside."""
# Where pip looks for an encoding: https://peps.python.org/pep-0263/, in the first two lines.
_CODING = re.compile(rb"#.*?coding[:=]\s*([-\w.]+)")


def decode(data: bytes, file: str) -> str:
    """Return the text of a requirement file.

    Raises InvalidFile unless it is UTF-8, and of a size that somebody may want.
    """
    _check_size(data, file)
    for number, raw in enumerate(data.split(b"\n", 2)[:2], 1):
        declared = _CODING.match(raw)
        if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
            text = "an encoding other than UTF-8 is declared: remove it"
            raise InvalidFile((Problem(file, number, text),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidFile((Problem(file, line, "this is not UTF-8"),)) from None


def _check_size(data: bytes, file: str) -> None:
    if len(data) > MAX_BYTES:
        number = data.count(b"\n", 0, MAX_BYTES) + 1
        text = f"the file goes past {MAX_BYTES} bytes here: shorten it, or name another file"
        raise InvalidFile((Problem(file, number, text),))
    count = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        start = line.lstrip()[:7]
        count += bool(start) and not start.startswith((b"#", b"--hash="))
        if count > MAX_ENTRIES:
            text = f"this is more than {MAX_ENTRIES} requirements: shorten the file"
            raise InvalidFile((Problem(file, number, text),))
