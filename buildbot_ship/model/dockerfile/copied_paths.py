"""What a Dockerfile takes from elsewhere, as its COPY and ADD lines say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ...errors import InvalidFile, Problem
from .lines import Line, read_lines

_STAGE = re.compile(r"\bAS\s+(\S+)\s*$", re.I)
_OTHER = re.compile(r"--from=(\S+)")
_UNTOLD = re.compile(r"""[$\["'\\]""")
"""What makes a line mean more than its words say."""


def taken(data: bytes, file: str) -> tuple[str, ...] | None:
    """Return the sources that *file* names in its context; None: it may be anything.

    Raises InvalidFile for a copy out of an image that no FROM line names: that image would
    be another one tomorrow.
    """
    lines, _ = read_lines(data, file)
    problems = tuple(_strangers(lines, file))
    if problems:
        raise InvalidFile(problems)
    copies = [line for line in lines if line.word in ("COPY", "ADD")]
    own = [line.rest for line in copies if not _OTHER.search(line.rest)]
    if any(map(_UNTOLD.search, own)):
        return None
    return tuple(source for rest in own for source in _sources(rest))


def _sources(rest: str) -> Iterator[str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    for word in words[:-1]:
        if "://" not in word and not word.startswith("git@"):
            yield posixpath.normpath(word.lstrip("/") or ".")


def _strangers(lines: list[Line], file: str) -> Iterator[Problem]:
    """Yield the copies out of images that are no stages."""
    froms = [line for line in lines if line.word == "FROM"]
    stages = {match[1].lower() for line in froms if (match := _STAGE.search(line.rest))}
    stages |= {str(number) for number in range(len(froms))}
    for line in lines:
        match = _OTHER.search(line.rest) if line.word == "COPY" else None
        if match is not None and match[1].lower() not in stages:
            text = f"COPY: --from={match[1]} is no stage: begin with FROM {match[1]} AS a name"
            yield Problem(file, line.number, text)
