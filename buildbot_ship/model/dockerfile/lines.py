"""Split a Dockerfile into instructions: encoding, directives, comments, continuations."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from ...errors import InvalidFile, Problem
from .here_document import HereDocument, begun_by
from .words import shortened

MAX_BYTES = 1 << 20
"""Maximum size of a Dockerfile in bytes; real ones have a few thousand."""
MAX_INSTRUCTIONS = 2_000
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WORD = re.compile(r"(\S+)\s*(.*)", re.S)


@attrs.frozen
class Line:
    """One instruction with its continuation lines joined; *word* is its name in upper case.

    *documents* has the numbers of the lines of its here-documents.
    """

    number: int
    word: str
    rest: str
    documents: range = range(0)


class _Endless(Exception):
    """A here-document without its last line: the number of its instruction, and its word."""


def read_lines(data: bytes | str, file: str) -> tuple[list[Line], str]:
    """Return the instructions of *file* and its escape character.  Raises InvalidFile."""
    text, escape = _open(data, file)
    try:
        lines = list(_lines(text, escape))
    except _Endless as endless:
        number, word = endless.args
        found = f"the here-document has no end: add a line with {shortened(word)} after it"
        raise InvalidFile((Problem(file, number, found),)) from None
    if len(lines) > MAX_INSTRUCTIONS:
        found = f"the file has more than {MAX_INSTRUCTIONS} instructions: shorten it"
        raise InvalidFile((Problem(file, lines[MAX_INSTRUCTIONS].number, found),))
    return lines, escape


def _open(data: bytes | str, file: str) -> tuple[str, str]:
    _check_size(data, file)
    text, fault = _decoded(data)
    lines = text.split("\n")
    problems = [fault] if fault else []
    for number, line in enumerate(lines, 1):
        if _CONTROL.search(line.rstrip("\r")):
            problems.append((number, "the line has a control character: remove it"))
    escape, escape_line = _escape(lines)
    if escape not in ("\\", "`"):
        problems.append((escape_line, f"escape={escape} is not one of \\ and `: remove it"))
    if problems:
        raise InvalidFile(tuple(Problem(file, *problem) for problem in sorted(problems)))
    return text, escape


def _check_size(data: bytes | str, file: str) -> None:
    if len(data) > MAX_BYTES:
        head = data[:MAX_BYTES]
        number = 1 + (head.count(b"\n") if isinstance(head, bytes) else head.count("\n"))
        text = f"the file exceeds {MAX_BYTES} bytes here: shorten it, or name another file"
        raise InvalidFile((Problem(file, number, text),))


def _decoded(data: bytes | str) -> tuple[str, tuple[int, str] | None]:
    if isinstance(data, str):
        return data.removeprefix("\ufeff"), None
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        return "", (number, "the file is not UTF-8: save it as UTF-8")


def _escape(lines: list[str]) -> tuple[str, int]:
    """Return the escape character and the line number of its directive (0: none)."""
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape":
            return match[2], number
    return "\\", 0


def _lines(text: str, escape: str) -> Iterator[Line]:
    # One escape character at the end continues the line; two are a literal one.
    goes_on = re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$")
    joined, start, last = "", 0, 0
    documents: list[HereDocument] = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")  # noqa: PLW2901
        if documents:
            documents = documents[documents[0].ends_at(line) :]
            if not documents:
                yield from _line(start, joined, range(last + 1, number + 1))
                joined, start = "", 0
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start, last = start or number, number
        shorter = goes_on.sub(r"\1", line)
        joined += shorter
        documents = begun_by(joined) if shorter == line else []
        if shorter == line and not documents:
            yield from _line(start, joined)
            joined, start = "", 0
    if documents:
        raise _Endless(start, documents[0].word)
    yield from _line(start, joined)


def _line(number: int, text: str, documents: range = range(0)) -> Iterator[Line]:
    match = _WORD.fullmatch(text.strip())
    if match:
        yield Line(number, match[1].upper(), match[2], documents)
