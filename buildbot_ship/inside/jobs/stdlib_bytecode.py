"""Compile modules of this Python's standard library, and make a layer of nothing but bytecode.

job.json: ``{"path": "usr/local/lib/python3.12", "modules": [NAME], "folders": [{"path",
"mode", "uid", "gid"}]}``: where the runtime base has its library, what lacks bytecode there,
and the base's folders over it, which stay as they are.  Out folder: ``library.tar.gz``.
result.json: ``{"diff_id", "digest", "size"}``, about the tar and the gzipped tar.

The bytecode is checked (PEP 552): where the base has another source than this Python, its
interpreter compiles that one, as it would without us.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import layer_packing
from job import main, say, seal
from layer import Member, file_mode
from layer_packing import compile_all, opener, pack

NAME = "library"
GROUP = 64
"""Modules that one process compiles: to start one for each takes longer than to compile it."""


def stage(modules: list[str], home: Path, root: Path) -> list[str]:
    """Link those of the *modules* that are at *home* to *root*; return them."""
    found = [name for name in modules if (home / name).is_file()]
    for name in found:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(home / name)
    return found


def members(root: Path, top: str, folders: list[dict[str, Any]]) -> Iterator[Member]:
    """Yield the bytecode below *root* as it lies below *top*, and every folder over it."""
    known = {folder["path"] for folder in folders}
    for folder in folders:
        yield Member(folder["path"], folder["mode"], uid=folder["uid"], gid=folder["gid"])
    for cache in root.rglob("__pycache__"):
        path = f"{top}/{cache.relative_to(root).as_posix()}"
        if path not in known:
            yield Member(path, 0o755)
        for file in cache.iterdir():
            size = file.stat().st_size
            yield Member(f"{path}/{file.name}", file_mode(False), size, opener(file))


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Make the layer."""
    seal()
    top, root = arguments["path"], layer_packing.STAGE / NAME
    found = stage(arguments["modules"], Path(sysconfig.get_path("stdlib")), root)
    say(f"compiling {len(found)} modules of Python's standard library")
    pairs = [[str(root / name), f"/{top}/{name}"] for name in found]
    groups = [pairs[start : start + GROUP] for start in range(0, len(pairs), GROUP)]
    compile_all(groups, job, "checked")
    return pack(NAME, members(root, top, arguments["folders"]), out)


if __name__ == "__main__":
    main(work)
