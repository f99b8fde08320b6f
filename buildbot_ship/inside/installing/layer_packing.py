"""Pack folders into layers: compile the modules, write the tar, compress it."""

from __future__ import annotations

import marshal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from gzip_member import compress
from job import Failed
from layer import Look, Member, unseen, write_layer

STAGE = Path("/ship/stage")
"""The folder in which jobs assemble layers, one subfolder for each."""
GROUP = 64
"""Modules for one process: starting a process takes longer than compiling a module."""


def compile_all(groups: list[list[list[str]]], job: Path, *options: str) -> None:
    """Compile the modules of all groups; of two modules with one path, compile the last.

    *groups* and *options* are those of ``bytecode.py``.  A large group is split, so that one
    large package does not keep one processor busy while the others wait.  Raises Failed.
    """
    last = {path: number for number, group in enumerate(groups) for path, _ in group}
    groups = [
        [pair for pair in group if last[pair[0]] == number]
        for number, group in enumerate(groups)
    ]
    process = subprocess.run(
        [sys.executable, "-sS", job / "bytecode.py", *options],
        input=marshal.dumps([part for group in groups for part in split(group)]),
        check=False,
    )
    if process.returncode != 0:
        raise Failed(
            "the modules cannot be compiled",
            "raise the option memory of the step, for example memory=8 * 1024**3",
        )


def split(group: list[list[str]]) -> list[list[list[str]]]:
    """Return parts of *group* with at most `GROUP` modules each."""
    return [group[start : start + GROUP] for start in range(0, len(group), GROUP)]


def opener(path: Path) -> Any:
    """Return a function that opens the file at *path*."""

    def opened() -> IO[bytes]:
        return path.open("rb")

    return opened


def pack(
    name: str, members: Iterable[Member], out: Path, look: Look = unseen
) -> dict[str, Any]:
    """Write the layer ``OUT/NAME.tar.gz``; return ``{"diff_id", "digest", "size"}``."""
    tar = STAGE / f"{name}.tar"
    with tar.open("wb") as file:
        diff_id = write_layer(members, file, look)
    compressed = compress(tar, out / f"{name}.tar.gz")
    tar.unlink()
    return {"diff_id": diff_id, **compressed}
