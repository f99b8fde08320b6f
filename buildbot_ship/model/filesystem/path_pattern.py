"""Patterns of paths: those of COPY (Go's ``filepath.Match``) and those of .dockerignore.

Rules: https://pkg.go.dev/path/filepath#Match, and
https://docs.docker.com/build/concepts/context/#syntax.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import count

import attrs

from ...errors import InvalidFile, Problem

IGNORE_FILE = ".dockerignore"
MAX_BYTES = 1 << 20
MAX_PATTERNS = 2_000
MAX_LOOSE = 3
MAX_PATTERN = 4096
"""Characters of a pattern: Linux knows no longer path."""


def is_pattern(path: str) -> bool:
    """Tell whether a source of COPY is a pattern; ``\\*`` is a plain star."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", path)) is not None


def copy_pattern(pattern: str) -> re.Pattern[str]:
    """Return what matches the whole paths that *pattern* means; raise ValueError."""
    return re.compile(_translated(pattern, doubled=False), re.S)


@attrs.frozen
class Ignored:
    """What .dockerignore leaves out; of the lines that match a path, the last one counts."""

    lines: tuple[tuple[re.Pattern[str], bool], ...] = ()

    @classmethod
    def read(cls, data: bytes) -> Ignored:
        """Return what a .dockerignore says; raise InvalidFile with every problem."""
        lines: list[tuple[re.Pattern[str], bool]] = []
        problems: list[Problem] = []
        if len(data) > MAX_BYTES:
            number = data.count(b"\n", 0, MAX_BYTES) + 1
            text = f"the file goes past {MAX_BYTES} bytes here: shorten it"
            raise InvalidFile((Problem(IGNORE_FILE, number, text),))
        text = data.decode("utf-8-sig", "surrogateescape")
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("#") or not line.strip():
                continue
            if len(lines) + len(problems) == MAX_PATTERNS:
                said = f"this is more than {MAX_PATTERNS} patterns: shorten the file"
                raise InvalidFile((Problem(IGNORE_FILE, number, said),))
            pattern, wanted = line.strip().removeprefix("!"), line.strip().startswith("!")
            try:
                lines.append((_ignore_pattern(pattern.strip()), not wanted))
            except ValueError as error:
                problems.append(Problem(IGNORE_FILE, number, f"{pattern}: {error}"))
        if problems:
            raise InvalidFile(tuple(problems))
        return cls(tuple(lines))

    def __contains__(self, path: str) -> bool:
        """Tell whether *path* is left out, by itself or with a folder that it is in."""
        ends = [index for index, char in enumerate(path) if char == "/"]
        paths = [path, *(path[:end] for end in ends)]
        out = False
        for pattern, leaves_out in self.lines:
            if any(map(pattern.fullmatch, paths)):
                out = leaves_out
        return out


NOTHING = Ignored()


def _ignore_pattern(pattern: str) -> re.Pattern[str]:
    if not pattern:
        raise ValueError("an exclamation mark alone says nothing: write !path, or remove it")
    clean = posixpath.normpath(pattern)
    if len(clean) > 1:
        clean = clean.lstrip("/")
    return re.compile(_translated(clean, doubled=True), re.S)


def _translated(pattern: str, *, doubled: bool) -> str:
    """Return *pattern* as a regular expression; ``**`` means any folders where *doubled*.

    What stands between two wildcards matches at the first place that fits and is not tried at
    another: that finds the same paths, and no pattern takes time that grows exponentially.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"it is longer than {MAX_PATTERN} characters: no path is")
    runs: list[list[str]] = [[""]]
    between: list[str] = []
    for kind, text in _tokens(pattern, doubled=doubled):
        if kind == "folders":
            between.append(text)
            runs.append([""])
        elif kind == "star":
            runs[-1].append("")
        else:
            runs[-1][-1] += text
    groups = count()
    out, loose = _stars(runs[0], groups, ends=not runs[0][-1].endswith("/")), 0
    for number, (wild, run) in enumerate(zip(between, runs[1:], strict=True), 1):
        # Beside other characters, ** has more than one way to match after any of them.
        fixed = run[-1].endswith("/") and number < len(between)
        loose += not fixed
        rest = _stars(run, groups, ends=not fixed)
        lazy = wild.replace("*", "*?").replace(")?", ")??")
        out += _once(f"{lazy}{rest}", groups) if fixed else f"{wild}{rest}"
    if loose > MAX_LOOSE:
        raise ValueError(f"more than {MAX_LOOSE} times ** is not a whole folder: write */**/*")
    return out


def _stars(parts: list[str], groups: Iterator[int], *, ends: bool) -> str:
    """Return *parts* of a path with any characters but ``/`` between them.

    The last may be at any place where the pattern *ends*, else at the first that fits.
    """
    out = parts[0]
    for number, part in enumerate(parts[1:], 2):
        if number < len(parts):
            out += _once(f"[^/]*?{part}", groups)
        else:
            out += f"[^/]*{part}" if ends else f"[^/]*?{part}"
    return out


def _once(expression: str, groups: Iterator[int]) -> str:
    """Return an expression that keeps its first match (Python 3.11 has ``(?>...)``)."""
    name = f"g{next(groups)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"


def _tokens(pattern: str, *, doubled: bool) -> Iterator[tuple[str, str]]:
    """Yield ``star``, ``folders`` and other pieces of *pattern*, each as an expression."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            group, at = _group(pattern, at)
            yield "one", group
            continue
        at += 1
        if char == "*" and doubled and pattern[at : at + 1] == "*":
            # More of them mean the same.
            while pattern[at + 1 : at + 4] == "/**":
                at += 3
            at += 2 if pattern[at + 1 : at + 2] == "/" else 1
            yield "folders", "(?:.*/)?" if at < len(pattern) else ".*"
        elif char in "*?":
            yield ("star", "") if char == "*" else ("one", "[^/]")
        elif char == "\\":
            if at == len(pattern):
                raise ValueError("it ends with a backslash: remove it")
            yield "one", re.escape(pattern[at])
            at += 1
        else:
            yield "one", re.escape(char)


def _group(pattern: str, start: int) -> tuple[str, int]:
    """Return ``[...]`` at *start* as a regular expression, and where it ends."""
    match = re.compile(r"\[(\^?)((?:\\.|[^\]\\])+)\]", re.S).match(pattern, start)
    if match is None:
        raise ValueError("a [ has no ] or nothing in it: write [abc], or \\[ for itself")
    out = ""
    for low, high in re.findall(r"(\\.|[^-])(?:-(\\.|[^-]))?", match[2], re.S):
        first, last = low[-1], (high or low)[-1]
        if first > last:
            raise ValueError(f"{low}-{high} runs backwards: turn it round")
        out += f"{re.escape(first)}-{re.escape(last)}"
    return f"[{match[1]}{out}]", match.end()
