"""The text of files that people write."""

from __future__ import annotations

import re

from ...errors import InvalidFile, Problem

# Where pip looks for an encoding: https://peps.python.org/pep-0263/, in the first two lines.
_CODING = re.compile(rb"#.*?coding[:=]\s*([-\w.]+)")


def decode(data: bytes, file: str) -> str:
    """Return the text of a requirement file.  Raises InvalidFile unless it is UTF-8."""
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
