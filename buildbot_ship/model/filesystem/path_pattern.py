"""Translate the path patterns of COPY and .dockerignore into regular expressions.

Rules: https://pkg.go.dev/path/filepath#Match (COPY), and
https://docs.docker.com/build/concepts/context/#syntax (.dockerignore).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import attrs

from ...errors import InvalidFile, Problem
from ..dockerfile.words import shortened

IGNORE_FILE = ".dockerignore"
MAX_BYTES = 1 << 20
MAX_PATTERNS = 2_000
MAX_LOOSE = 3
MAX_PATTERN = 4096
"""Maximum length of a pattern in characters, like PATH_MAX of Linux."""


def is_pattern(path: str) -> bool:
    """Return whether a source of COPY is a pattern; ``\\*`` is a literal star."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", path)) is not None


def copy_pattern(pattern: str) -> re.Pattern[str]:
    """Return an expression for whole paths that match *pattern*.  Raises ValueError."""
    return re.compile(_translated(pattern, doubled=False), re.S)


@attrs.frozen
class Ignored:
    """The rules of a .dockerignore; the last line that matches a path decides."""

    lines: tuple[tuple[re.Pattern[str], bool], ...] = ()

    @classmethod
    def read(cls, data: bytes) -> Ignored:
        """Parse a .dockerignore.  Raises InvalidFile with every problem."""
        lines: list[tuple[re.Pattern[str], bool]] = []
        problems: list[Problem] = []
        if len(data) > MAX_BYTES:
            number = data.count(b"\n", 0, MAX_BYTES) + 1
            text = f"the file exceeds {MAX_BYTES} bytes here: shorten it"
            raise InvalidFile((Problem(IGNORE_FILE, number, text),))
        text = data.decode("utf-8-sig", "surrogateescape")
        for number, line in enumerate(text.split("\n"), 1):
            if line.startswith("#") or not line.strip():
                continue
            if len(lines) + len(problems) == MAX_PATTERNS:
                text = f"the file has more than {MAX_PATTERNS} patterns: shorten it"
                raise InvalidFile((Problem(IGNORE_FILE, number, text),))
            pattern, wanted = line.strip().removeprefix("!"), line.strip().startswith("!")
            try:
                lines.append((_ignore_pattern(pattern.strip()), not wanted))
            except ValueError as error:
                problems.append(Problem(IGNORE_FILE, number, f"{pattern}: {error}"))
        if problems:
            raise InvalidFile(tuple(problems))
        return cls(tuple(lines))

    def __contains__(self, path: str) -> bool:
        """Return whether *path*, or a folder above it, is ignored."""
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
        raise ValueError("there is no path after !: write !path, or remove it")
    clean = posixpath.normpath(pattern)
    if len(clean) > 1:
        clean = clean.lstrip("/")
    return re.compile(_translated(clean, doubled=True), re.S)


def _translated(pattern: str, *, doubled: bool) -> str:
    """Return *pattern* as a regular expression; if *doubled*, ``**`` matches any folders.

    The text between two wildcards matches at the first possible place only.  This finds the
    same paths, and avoids backtracking with exponential time.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"it is longer than {MAX_PATTERN} characters: shorten it")
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
    out, loose = _stars(runs[0], ends=not runs[0][-1].endswith("/")), 0
    for number, (wild, run) in enumerate(zip(between, runs[1:], strict=True), 1):
        # ** next to other characters can match in several ways after each of them.
        fixed = run[-1].endswith("/") and number < len(between)
        loose += not fixed
        rest = _stars(run, ends=not fixed)
        lazy = wild.replace("*", "*?").replace(")?", ")??")
        out += _once(f"{lazy}{rest}") if fixed else f"{wild}{rest}"
    if loose > MAX_LOOSE:
        raise ValueError(
            f"more than {MAX_LOOSE} times ** is only a part of a folder: write */**/*"
        )
    return out


def _stars(parts: list[str], *, ends: bool) -> str:
    """Join *parts* of a path with any characters but ``/`` between them.

    If the pattern *ends* here, the last part may match at any place, else at the first.
    """
    out = parts[0]
    for number, part in enumerate(parts[1:], 2):
        if number < len(parts):
            out += _once(f"[^/]*?{part}")
        else:
            out += f"[^/]*{part}" if ends else f"[^/]*?{part}"
    return out


def _once(expression: str) -> str:
    """Return an atomic group: once it has matched, it does not match in another way."""
    return f"(?>{expression})"


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
                raise ValueError("it ends with a backslash: remove the backslash")
            yield "one", re.escape(pattern[at])
            at += 1
        else:
            yield "one", re.escape(char)


def _group(pattern: str, start: int) -> tuple[str, int]:
    """Return ``[...]`` at *start* as a regular expression, and its end."""
    match = re.compile(r"\[(\^?)((?:\\.|[^\]\\])+)\]", re.S).match(pattern, start)
    if match is None:
        raise ValueError("a [ has no ] or nothing in it: write [abc], or \\[ for a literal [")
    out, read = "", 0
    for low, high in re.findall(r"(\\.|[^-])(?:-(\\.|[^-]))?", match[2], re.S):
        first, last = low[-1], (high or low)[-1]
        if first > last:
            raise ValueError(f"{low}-{high} is a reversed range: swap its ends")
        out += f"{re.escape(first)}-{re.escape(last)}"
        read += len(low) + (len(high) + 1 if high else 0)
    if read != len(match[2]):
        raise ValueError(f"[{shortened(match[2])}] has a - without a range: write \\-")
    return f"[{match[1]}{out}]", match.end()
