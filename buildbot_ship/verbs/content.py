"""What goes into an image's files: this commit's pexes and the tree, verified."""

from __future__ import annotations

import hashlib
import stat
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO

import attrs

from ..errors import DigestMismatch, FileMissing, OutputMissing
from ..model.artefact import Pex
from ..model.dockerfile import Dockerfile
from ..model.layer import Member, file_mode
from ..model.placement import Layout, Placed
from ..source.interface import Tree
from ..store.work import Work

_CHUNK = 1 << 20


@attrs.frozen
class _Content:
    """What goes into one file: *size* bytes, and the mode's one question."""

    size: int
    executable: bool
    opener: Callable[[], IO[bytes]]


def find_members(
    layout: Layout, dockerfile: Dockerfile, tree: Tree, work: Work
) -> list[Member]:
    """Return the layer's members; raise FileMissing with every file that is nowhere."""
    contents: dict[str, _Content | None] = {}
    for placed in layout.files.values():
        if placed.source not in contents:
            contents[placed.source] = _content(placed.source, tree, work)
    missing = [placed for placed in layout.files.values() if contents[placed.source] is None]
    if missing:
        raise _missing(missing, dockerfile, tree)
    files = [
        Member(path, file_mode(content.executable), content.size, content.opener)
        for path, placed in layout.files.items()
        if (content := contents[placed.source])
    ]
    folders = [
        Member(path, stat.S_IMODE(node.mode), uid=node.uid, gid=node.gid)
        for path, node in layout.folders.items()
    ]
    return [*folders, *files]


def _content(source: str, tree: Tree, work: Work) -> _Content | None:
    """Return the pex of this commit that is called *source*, else the file in the tree."""
    try:
        record = work.find(Pex, tree.commit, source) if "/" not in source else None
    except OutputMissing:
        record = None
    if record is not None:
        path = work.pex(record.name)
        if not path.is_file():
            raise OutputMissing(f"pex {record.name}", "BuildPex")
        expect(f"pex {record.name}", record.digest, digest_of_file(path))
        return _Content(record.size, True, opener(path))
    file = tree.read(source)
    if file is None:
        return None
    return _Content(len(file.data), file.executable, lambda: BytesIO(file.data))


def _missing(missing: list[Placed], dockerfile: Dockerfile, tree: Tree) -> FileMissing:
    names = ", ".join(sorted({placed.source for placed in missing}))
    lines = ", ".join(str(line) for line in sorted({placed.line for placed in missing}))
    where = f"commit {tree.commit[:12]}, nor a pex made for it"
    return FileMissing(f"{dockerfile.file}:{lines}: {names}", where)


def opener(path: Path) -> Callable[[], IO[bytes]]:
    """Return what opens the file at *path*."""
    return lambda: path.open("rb")


def digest_of_file(path: Path, inflater: zlib._Decompress | None = None) -> str:
    """Return the digest of the file at *path*, of what is in it with an *inflater*."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(inflater.decompress(chunk) if inflater else chunk)
    return f"sha256:{digest.hexdigest()}"


def expect(what: str, expected: str, got: str) -> None:
    """Raise DigestMismatch unless *got* is *expected*."""
    if expected != got:
        raise DigestMismatch(what, expected, got)
