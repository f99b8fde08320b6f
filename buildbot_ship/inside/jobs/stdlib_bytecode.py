"""Compile modules of this Python's standard library into a layer of bytecode.

job.json: ``{"path": "usr/local/lib/python3.12", "modules": [NAME], "folders": [{"path",
"mode", "uid", "gid"}]}``: the path of the standard library in the runtime base, its modules
without bytecode, and the folders above them, whose modes and owners the layer keeps.
Out folder: ``library.tar.gz``.
result.json: ``{"diff_id", "digest", "size"}``: the digest of the tar, digest and size of the
gzipped tar.

The bytecode is checked (PEP 552): if the source of a module differs in the runtime base, its
interpreter compiles the module at start-up, as usual.
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


def stage(modules: list[str], home: Path, root: Path) -> list[str]:
    """Link below *root* the *modules* that exist in *home*; return them."""
    existing = [name for name in modules if (home / name).is_file()]
    for name in existing:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(home / name)
    return existing


def members(root: Path, top: str, folders: list[dict[str, Any]]) -> Iterator[Member]:
    """Yield the bytecode below *root*, with paths below *top*, and the folders above it."""
    listed = {folder["path"] for folder in folders}
    for folder in folders:
        yield Member(folder["path"], folder["mode"], uid=folder["uid"], gid=folder["gid"])
    for cache in root.rglob("__pycache__"):
        path = f"{top}/{cache.relative_to(root).as_posix()}"
        if path not in listed:
            yield Member(path, 0o755)
        for file in cache.iterdir():
            size = file.stat().st_size
            yield Member(f"{path}/{file.name}", file_mode(False), size, opener(file))


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Compile the modules and write the layer."""
    seal()
    top, root = arguments["path"], layer_packing.STAGE / NAME
    modules = stage(arguments["modules"], Path(sysconfig.get_path("stdlib")), root)
    say(f"compiling {len(modules)} modules of Python's standard library")
    pairs = [[str(root / name), f"/{top}/{name}"] for name in modules]
    compile_all([pairs], job, "checked")
    return pack(NAME, members(root, top, arguments["folders"]), out)


if __name__ == "__main__":
    main(work)
