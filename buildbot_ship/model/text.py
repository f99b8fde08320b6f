"""The text of files that people write."""

from __future__ import annotations

from ..errors import InvalidFile, Problem


def decode(data: bytes, file: str) -> str:
    """Return the text of a requirement file.  Raises InvalidFile unless it is UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InvalidFile((Problem(file, line, "this is not UTF-8"),)) from None
