"""Pack the files of a layer: write the tar, compress it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gzip_member import compress
from layer import Look, Member, unseen, write_layer

STAGE = Path("/ship/stage")
"""The folder of a job for what it needs to make layers."""


def pack(
    name: str, members: Iterable[Member], out: Path, look: Look = unseen
) -> dict[str, Any]:
    """Write the layer ``OUT/NAME.tar.gz``; return ``{"diff_id", "digest", "size"}``."""
    STAGE.mkdir(parents=True, exist_ok=True)
    tar = STAGE / f"{name}.tar"
    with tar.open("wb") as file:
        diff_id = write_layer(members, file, look)
    compressed = compress(tar, out / f"{name}.tar.gz")
    tar.unlink()
    return {"diff_id": diff_id, **compressed}
