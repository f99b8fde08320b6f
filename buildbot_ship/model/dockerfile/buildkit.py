"""What a Dockerfile needs BuildKit for, what no builder gets, and the places of its steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ...errors import InvalidReference
from ..reference import Reference
from .lines import Line
from .words import Fault, shortened

BUILDKIT, CLASSIC = "buildkit", "classic"
"""The builders of an engine."""
TITLES = {BUILDKIT: "BuildKit", CLASSIC: "the classic builder"}
_FLAGS = re.compile(r"\s*((?:--\S+\s+)*)")
_FLAG = re.compile(r"--([A-Za-z-]+)(?:=(\S*))?")
_ONLY_BUILDKIT = {
    "RUN": ("mount", "network", "security"),
    "COPY": ("chmod", "exclude", "link", "parents"),
    "ADD": ("chmod", "checksum", "exclude", "keep-git-dir", "link", "unpack"),
}
_COUNTED = ("RUN", "COPY", "ADD", "WORKDIR")
"""The instructions that BuildKit numbers within a stage; FROM is the first."""
_STAGE = re.compile(r"\bAS\s+(\S+)\s*$", re.I)
_SYNTAX = re.compile(
    rb"^((?:\xef\xbb\xbf)?[ \t]*#[ \t]*)syntax[ \t]*=[ \t]*([^\r\n]*)", re.I | re.M
)
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?:[ \t]*#[^\n]*)?")
_KNOWN = re.compile(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@]\S*)?")


def needs(line: Line) -> str:
    """Return the feature of an instruction that only BuildKit has; empty if it has none."""
    names = _ONLY_BUILDKIT.get(line.word, ())
    found = [name for name, _ in _flags(line) if name in names]
    if found:
        return f"{line.word} --{found[0]}"
    return f"the here-document of {line.word}" if line.documents else ""


def check(line: Line) -> None:
    """Raise Fault for what the lines of a build do not get: logins, and the host."""
    flags = list(_flags(line))
    for mount in mounts(line):
        if mount["type"].lower() == "ssh":
            text = (
                "--mount=type=ssh is not supported, since builds get no login: use "
                "--mount=type=secret, or copy from the commit what the line would fetch"
            )
            raise Fault(text)
    for name, value in flags:
        if (name, value) in (("network", "host"), ("security", "insecure")):
            raise Fault(f"--{name}={value} is not supported, it opens the host: remove it")


def mounts(line: Line) -> Iterator[dict[str, str]]:
    """Yield the options of each ``--mount`` of a RUN instruction."""
    for name, value in _flags(line) if line.word == "RUN" else ():
        if name == "mount":
            items = re.sub(r"['\"]", "", value).split(",")
            split = (item.partition("=") for item in items)
            yield {"type": "bind", **{key.strip().lower(): text for key, _, text in split}}


def _flags(line: Line) -> Iterator[tuple[str, str]]:
    head = _FLAGS.match(line.rest)
    for match in _FLAG.finditer(head[1] if head else ""):
        yield match[1].lower(), match[2] or ""


def images_read(lines: Iterable[Line]) -> Iterator[tuple[Line, str]]:
    """Yield what ``COPY --from`` and mounts name, unless it is a stage, with the line."""
    lines = list(lines)
    froms = [line for line in lines if line.word == "FROM"]
    stages = {match[1].lower() for line in froms if (match := _STAGE.search(line.rest))}
    stages |= {str(number) for number in range(len(froms))}
    for line in lines:
        named = [mount["from"] for mount in mounts(line) if "from" in mount]
        if line.word == "COPY":
            named = [value for name, value in _flags(line) if name == "from"]
        yield from ((line, name) for name in named if name.lower() not in stages)


def references_read(lines: Iterable[Line]) -> tuple[Reference, ...]:
    """Return the images that `images_read` yields; a builder reports names without a tag."""
    found: list[Reference] = []
    for name in dict.fromkeys(name for _, name in images_read(lines)):
        with suppress(InvalidReference):
            reference = Reference.parse(name)
            found += [reference] if reference.tag or reference.digest else []
    return tuple(found)


def places(lines: Iterable[Line], file: str) -> dict[str, str]:
    """Return the place of each instruction, as ``file:line: RUN``.

    The classic builder calls it ``Step 3``.  BuildKit calls it ``3`` in a file with one stage,
    else ``build 3`` or ``stage-1 3``, by the name or number of the stage.
    """
    found: dict[str, str] = {}
    stage, stages, count = "", -1, 0
    for number, line in enumerate(lines, 1):
        place = f"{file}:{line.number}: {line.word}"
        found[f"Step {number}"] = place
        if line.word == "FROM":
            stages, count = stages + 1, 1
            name = _STAGE.search(line.rest)
            stage = name[1].lower() if name else f"stage-{stages}"
        elif line.word in _COUNTED:
            count += 1
        else:
            continue
        found[f"{stage} {count}"] = place
        found.setdefault(str(count), place)
    return found


def find_syntax(text: bytes | str) -> tuple[int, str] | None:
    """Return the line of a directive ``# syntax=IMAGE`` that names an unknown image, and that.

    None if there is none, or if it is one of Docker's own: the engine has that frontend.
    """
    data = text.encode() if isinstance(text, str) else text
    for match in _syntax(data):
        image = match[2].decode("utf-8", "replace").strip()
        if not _KNOWN.fullmatch(image):
            return data.count(b"\n", 0, match.start()) + 1, shortened(image)
    return None


def without_syntax(data: bytes) -> bytes:
    """Return a Dockerfile that the engine reads with its own frontend, which pulls no image."""
    for match in reversed(list(_syntax(data))):
        data = data[: match.end(1)] + b"(built in)" + data[match.end() :]
    return data


def _syntax(data: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the directives, which stand before the first instruction."""
    head = _HEAD.match(data)
    yield from _SYNTAX.finditer(data, 0, head.end() if head else 0)
