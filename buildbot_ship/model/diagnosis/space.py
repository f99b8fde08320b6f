"""Judge the free space of a disk."""

from __future__ import annotations

import attrs

from .finding import Finding, ok, problem, warning

GIB = 1024**3
_LEAST_FILES = 1000


@attrs.frozen
class Space:
    """The disk at *path*, which exists: free bytes, free files (inodes), may we write there?

    *files* is None if the file system has no limit on files.
    """

    path: str
    free: int
    files: int | None = None
    is_writable: bool = True


def judge_space(space: Space, what: str, remedy: str, *, least: int, better: int) -> Finding:
    """Return the finding about the disk of *what*.

    Less than *least* bytes are a problem, less than *better* ones a warning.
    """
    free = f"{space.free / GIB:.1f} GiB free on the disk of {what}"
    if space.free < least:
        cause = f"{space.path} has {space.free // 1024**2} MiB left, and a build may need "
        return problem(f"the disk of {what} is full", f"{cause}{least // GIB} GiB", remedy)
    if space.files is not None and space.files < _LEAST_FILES:
        cause = f"{space.path} has room for {space.files} files only (inodes, see df -i)"
        return problem(f"the disk of {what} is full", cause, remedy)
    if space.free < better:
        cause = f"{space.path} has less than {better // GIB} GiB left"
        return warning(free, cause, remedy)
    return ok(f"{free}: {space.path}")
