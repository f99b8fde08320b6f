"""Patterns of paths: those of COPY (Go's ``filepath.Match``) and those of .dockerignore.

Rules: https://pkg.go.dev/path/filepath#Match, and
https://docs.docker.com/build/concepts/context/#syntax.
"""

from __future__ import annotations

import posixpath
import re

import attrs

from ...errors import InvalidFile, Problem

IGNORE_FILE = ".dockerignore"


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
        lines, problems = [], []
        text = data.decode("utf-8-sig", "surrogateescape")
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("#") or not line.strip():
                continue
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
    """Return *pattern* as a regular expression; ``**`` means any folders where *doubled*."""
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            group, at = _group(pattern, at)
            out += group
            continue
        at += 1
        if char == "*" and doubled and pattern[at : at + 1] == "*":
            # More of them mean the same, and would be tried in every combination.
            while pattern[at + 1 : at + 4] == "/**":
                at += 3
            at += 2 if pattern[at + 1 : at + 2] == "/" else 1
            out += "(.*/)?" if at < len(pattern) else ".*"
        elif char in "*?":
            out += "[^/]*" if char == "*" else "[^/]"
        elif char == "\\":
            if at == len(pattern):
                raise ValueError("it ends with a backslash: remove it")
            out += re.escape(pattern[at])
            at += 1
        else:
            out += re.escape(char)
    return out


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
