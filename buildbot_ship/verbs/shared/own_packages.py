"""The files of an own package that its build gets: list, hash and export them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...daemon.interface import JobFile
from ...model.application.repack_plan import SourceFile, is_build_input
from ...source.interface import Files, Tree


def list_build_files(tree: Tree, folder: str) -> Iterator[SourceFile]:
    """Yield the files that the build of the package in *folder* gets, in order.

    Their paths are relative to *folder*.  Raises SubmoduleMissing.
    """
    start = repository_path(folder, "")
    for path, entry in tree.entries():
        if entry.fault is not None:
            submodule = f"{path}/"
            if submodule.startswith(start) or start.startswith(submodule):
                raise entry.fault
            continue
        if path.startswith(start) and is_build_input(path) and not entry.target:
            inner = path.removeprefix(start)
            yield SourceFile(inner, entry.identity, entry.executable, entry.size)


def repository_path(folder: str, path: str) -> str:
    """Return the path in the repository of the file *path* of the package in *folder*."""
    return path if folder == "." else f"{folder.rstrip('/')}/{path}"


def digest_of_files(files: Iterable[SourceFile], version: bytes = b"") -> str:
    """Return a digest of *files* and of the *version* inputs that the build gets."""
    digest = hashlib.sha256(version)
    for file in files:
        line = f"{file.path}\0{file.executable}\0{file.identity}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def export_package(tree: Files, folder: str, scratch: Path) -> list[JobFile]:
    """Return the files of the package in *folder* as inputs of a job, below ``tree/``.

    Contents from git are written to *scratch*; Git LFS files are used where they are.
    """
    found: list[JobFile] = []
    for path, file in tree.files(folder):
        if is_build_input(repository_path(folder, path)):
            spooled = file.content
            if not isinstance(spooled, Path):
                spooled = scratch / f"tree-{len(found)}-{folder.replace('/', '-')}"
                with file.open() as source, spooled.open("wb") as target:
                    shutil.copyfileobj(source, target)
            found.append(JobFile(f"tree/{folder}/{path}", spooled, file.executable))
    return found
