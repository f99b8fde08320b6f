"""Trees of files to layers: modules compiled, tars written, compressed."""

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
"""Where jobs put trees together, one folder for each layer."""


def compile_all(groups: list[list[list[str]]], job: Path, *options: str) -> None:
    """Leave bytecode beside the modules of every group: of two at one place, of the last."""
    last = {path: number for number, group in enumerate(groups) for path, _ in group}
    groups = [
        [pair for pair in group if last[pair[0]] == number]
        for number, group in enumerate(groups)
    ]
    done = subprocess.run(
        [sys.executable, "-sS", job / "bytecode.py", *options],
        input=marshal.dumps(groups),
        check=False,
    )
    if done.returncode != 0:
        raise Failed("the modules cannot be compiled", "give the step more memory")


def opener(path: Path) -> Any:
    """Return what opens the file at *path*."""

    def opened() -> IO[bytes]:
        return path.open("rb")

    return opened


def pack(name: str, found: Iterable[Member], out: Path, look: Look = unseen) -> dict[str, Any]:
    """Leave the members *found* as a layer; return what there is to know of it."""
    tar = STAGE / f"{name}.tar"
    with tar.open("wb") as file:
        diff_id = write_layer(found, file, look)
    made = compress(tar, out / f"{name}.tar.gz")
    tar.unlink()
    return {"diff_id": diff_id, **made}
