"""Find the files of the build context that COPY and ADD name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from ...errors import InvalidFile, Problem
from .buildkit import images_read, mounts
from .here_document import without_here_documents
from .lines import Line, read_lines

_OTHER = re.compile(r"--from=(\S+)")
_UNRESOLVED = re.compile(r"""[$\["'\\]""")
"""Variables, arrays, quotes or escapes: the sources cannot be read from the words."""


def copied_sources(data: bytes, file: str) -> tuple[str, ...] | None:
    """Return the paths that *file* copies from its context; None if they may be anything.

    Raises InvalidFile if ``--from`` names an image instead of a stage: such a base is not
    pinned.
    """
    lines, _ = read_lines(data, file)
    problems = tuple(_copies_from_images(lines, file))
    if problems:
        raise InvalidFile(problems)
    copies = [line for line in lines if line.word in ("COPY", "ADD")]
    local = [
        without_here_documents(line.rest) for line in copies if not _OTHER.search(line.rest)
    ]
    bound = [source for line in lines for source in _bound_sources(line)]
    if any(map(_UNRESOLVED.search, [*local, *bound])):
        return None
    copied = (source for rest in local for source in _sources(rest))
    return (*copied, *(posixpath.normpath(path.lstrip("/") or ".") for path in bound))


def _bound_sources(line: Line) -> Iterator[str]:
    """Yield what RUN lines mount of the build context: all of it if a line names no part."""
    for mount in mounts(line):
        if mount["type"] == "bind" and "from" not in mount:
            yield mount.get("source") or mount.get("src") or "."


def _sources(rest: str) -> Iterator[str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    for word in words[:-1]:
        if "://" not in word and not word.startswith("git@"):
            yield posixpath.normpath(word.lstrip("/") or ".")


def _copies_from_images(lines: list[Line], file: str) -> Iterator[Problem]:
    """Yield a problem for each ``COPY --from`` and each mount that names no stage."""
    for line, image in images_read(lines):
        flag = "--from=" if line.word == "COPY" else "--mount from="
        text = f"{line.word}: {flag}{image} is not a stage: add FROM {image} AS name"
        yield Problem(file, line.number, text)
