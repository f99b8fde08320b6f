"""A Dockerfile as a value: one stage, nothing that runs, so that its bytes can be promised.

Format: https://docs.docker.com/reference/dockerfile/.  Where docker guesses, this
reader refuses, and it names every fault of the file at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from ..errors import InvalidFile, Problem
from .instruction import KINDS, From, Instruction
from .reference import Reference
from .word import Fault

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_WORD = re.compile(r"(\S+)\s*(.*)", re.S)
_BASES = "make such a base image once, own it with RetagBase, and name it in FROM"
_INSTEAD = {
    "RUN": f"what a base lacks belongs into a base of its own: {_BASES}",
    "ADD": "COPY a file of the repository",
    "ARG": "write the value where it is used",
    "ONBUILD": "write the instruction into the Dockerfiles that need it",
}


@attrs.frozen
class Dockerfile:
    """The base, and the instructions after FROM in order; *file* is for messages."""

    file: str
    base: Reference
    base_line: int
    instructions: tuple[Instruction, ...]


@attrs.frozen
class _Line:
    """One instruction with its continuation lines joined: *word* is its name, upper-case."""

    number: int
    word: str
    rest: str


def read(data: bytes | str, file: str) -> Dockerfile:
    """Return the Dockerfile in *data*; raise InvalidFile with every problem of *file*."""
    text, escape = _open(data, file)
    problems: list[Problem] = []
    found: list[Instruction] = []
    lines = list(_lines(text, escape))
    for line in lines:
        try:
            _check_order(line, lines[0])
            found.append(_instruction(line, escape))
        except Fault as fault:
            problems.append(Problem(file, line.number, str(fault)))
    problems += _without_from(lines, file)
    if problems:
        raise InvalidFile(tuple(problems))
    base = next(instruction for instruction in found if isinstance(instruction, From))
    rest = tuple(instruction for instruction in found if instruction is not base)
    return Dockerfile(file, base.reference, base.line, rest)


def base_of(data: bytes | str, file: str) -> Reference:
    """Return what FROM names, and look at nothing else; raise InvalidFile.

    For ``build.docker``: whatever else it holds is not ours to judge.
    """
    text, escape = _open(data, file)
    lines = list(_lines(text, escape))
    froms = [line for line in lines if line.word == "FROM"]
    problems = _without_from(lines, file)
    for line in froms:
        try:
            _check_order(line, froms[0])
            base = From.read(line.number, line.rest, escape)
        except Fault as fault:
            problems.append(Problem(file, line.number, str(fault)))
    if problems:
        raise InvalidFile(tuple(problems))
    return base.reference


def _open(data: bytes | str, file: str) -> tuple[str, str]:
    text, fault = _decoded(data)
    lines = text.split("\n")
    problems = [fault] if fault else []
    for number, line in enumerate(lines, 1):
        if _CONTROL.search(line.rstrip("\r")):
            problems.append((number, "it holds a control character: remove it"))
    escape, escape_line = _escape(lines)
    if escape not in ("\\", "`"):
        problems.append((escape_line, f"escape={escape} is not one of \\ and `: remove it"))
    if problems:
        raise InvalidFile(tuple(Problem(file, *problem) for problem in sorted(problems)))
    return text, escape


def _decoded(data: bytes | str) -> tuple[str, tuple[int, str] | None]:
    if isinstance(data, str):
        return data.removeprefix("\ufeff"), None
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        return "", (number, "it is not UTF-8: save the file in that encoding")


def _escape(lines: list[str]) -> tuple[str, int]:
    """Return the escape character, and the line of the directive that sets it."""
    for number, line in enumerate(lines, 1):
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape":
            return match[2], number
    return "\\", 0


def _lines(text: str, escape: str) -> Iterator[_Line]:
    # A backslash at the end goes on, two of them are one for the program.
    goes_on = re.compile(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$")
    joined, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")  # noqa: PLW2901
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start = start or number
        shorter = goes_on.sub(r"\1", line)
        joined += shorter
        if shorter == line:
            yield from _line(start, joined)
            joined, start = "", 0
    yield from _line(start, joined)


def _line(number: int, text: str) -> Iterator[_Line]:
    match = _WORD.fullmatch(text.strip())
    if match:
        yield _Line(number, match[1].upper(), match[2])


def _check_order(line: _Line, first: _Line) -> None:
    if line.word == "FROM" and line is not first:
        raise Fault(
            f"there is a FROM before it, in line {first.number}: one file makes one image "
            "of one stage; what an earlier stage made is a pex or a wheel here"
            if first.word == "FROM"
            else f"FROM comes first: move it before line {first.number}"
        )


def _instruction(line: _Line, escape: str) -> Instruction:
    kind = KINDS.get(line.word)
    if kind is None:
        instead = _INSTEAD.get(line.word, "remove it, or move it into the base")
        raise Fault(f"{line.word} is not one of {', '.join(KINDS)}: {instead}")
    try:
        return kind.read(line.number, line.rest, escape)
    except Fault as fault:
        raise Fault(f"{line.word}: {fault}") from None


def _without_from(lines: list[_Line], file: str) -> list[Problem]:
    if not lines:
        return [Problem(file, 1, "it is empty: write FROM base:tag, COPY and ENTRYPOINT")]
    if not any(line.word == "FROM" for line in lines):
        text = "there is no FROM: begin with FROM base:tag, a tag that RetagBase made"
        return [Problem(file, lines[0].number, text)]
    return []
