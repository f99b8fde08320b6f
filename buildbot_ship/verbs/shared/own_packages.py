"""The own packages of a commit: what a build sees of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...daemon.interface import JobFile
from ...model.application.repack_plan import SourceFile, is_build_input
from ...source.interface import Files, Tree


def files_of(tree: Tree, folder: str) -> Iterator[SourceFile]:
    """Yield what a build sees of the package in *folder*, its path from there on, in order.

    Raises SubmoduleMissing.
    """
    start = path_of(folder, "")
    for path, entry in tree.entries():
        if entry.fault is not None:
            there = f"{path}/"
            if there.startswith(start) or start.startswith(there):
                raise entry.fault
            continue
        if path.startswith(start) and is_build_input(path) and not entry.target:
            own = path.removeprefix(start)
            yield SourceFile(own, entry.identity, entry.executable, entry.size)


def path_of(folder: str, path: str) -> str:
    """Return the path, from the top of the repository, of a file of the package in *folder*."""
    return path if folder == "." else f"{folder.rstrip('/')}/{path}"


def identify(files: Iterable[SourceFile], archival: bytes = b"") -> str:
    """Return a digest of what a build sees, *archival* being what it is told of the commit."""
    digest = hashlib.sha256(archival)
    for file in files:
        line = f"{file.path}\0{file.executable}\0{file.identity}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def export(tree: Files, folder: str, scratch: Path) -> list[JobFile]:
    """Return what a build sees of *folder* for a job's ``tree/``, its bytes in *scratch*.

    What lies in a file of its own already is not copied.
    """
    found: list[JobFile] = []
    for path, file in tree.files(folder):
        if is_build_input(path_of(folder, path)):
            spooled = file.content
            if isinstance(spooled, bytes):
                spooled = scratch / f"tree-{len(found)}-{folder.replace('/', '-')}"
                spooled.write_bytes(file.data)
            found.append(JobFile(f"tree/{folder}/{path}", spooled, file.executable))
    return found
