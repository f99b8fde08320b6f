"""The COPY instruction: sources, destination, owner and mode."""

from __future__ import annotations

import re

import attrs

from .variables import Scope
from .words import Fault, flags

_FLAGS = ("from", "chown", "chmod")


@attrs.frozen
class Copy:
    """``COPY source... destination``; sources are paths or patterns in the build context.

    ``.`` is the whole context.  A *destination* that ends with ``/`` is a folder; one that does
    not begin with ``/`` is relative to WORKDIR.  *owner* is ``user:group`` as written.  *mode*
    overrides the modes of the files.  *stage* is the value of ``--from``.
    """

    line: int
    sources: tuple[str, ...]
    destination: str
    owner: str = ""
    mode: int | None = None
    stage: str = ""

    @classmethod
    def read(cls, line: int, text: str, scope: Scope) -> Copy:
        """Parse *text*.  Raises Fault."""
        options, text = flags(text, _FLAGS)
        words = scope.words(text)
        if len(words) < 2 or not all(words):
            raise Fault("COPY needs sources and a destination: write COPY file /")
        *sources, destination = words
        if len(sources) > 1 and not is_folder(destination):
            raise Fault(f"{destination} gets several files: end it with / to make it a folder")
        owner = scope.expand(options.get("chown", ""))
        stage = options.get("from", "")
        paths = sources if stage else map(_source, sources)
        mode = _mode(scope.expand(options["chmod"])) if "chmod" in options else None
        return cls(line, tuple(paths), destination, _owner(owner), mode, stage)


def is_folder(path: str) -> bool:
    """Return whether the destination of a COPY is written as a folder."""
    return path.endswith("/") or path.rpartition("/")[2] in (".", "..")


def _owner(text: str) -> str:
    if text and not re.fullmatch(r"[^:\s]+(:[^:\s]+)?", text):
        raise Fault(f"--chown={text} is not an owner: write --chown=user:group, or 1000:1000")
    return text


def _mode(text: str) -> int:
    if not re.fullmatch(r"[0-7]{3,4}", text):
        raise Fault(f"--chmod={text} is not a mode: write it in octal, as in --chmod=755")
    return int(text, 8)


def _source(text: str) -> str:
    if text.startswith("<<"):
        raise Fault(f"{text} begins a here-document: commit a file and copy it instead")
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            if not parts:
                raise Fault(f"{text} leads out of the repository: copy files from inside it")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."
