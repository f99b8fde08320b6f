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

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import layer_packing
from compiler import Bytecode, Compiler, cache_of
from job import main, say, seal
from layer import Member
from layer_tree import LayerTree
from standard_library import HOME, bytecode_of, has_checked_bytecode

NAME = "library"


def put_known(tree: LayerTree, modules: list[str], top: str) -> list[str]:
    """Put the bytecode that the tools image has; return the modules without it.

    It has the path of its module in it, so that must be the path in the image.
    """
    rest = []
    for name in modules:
        module = HOME / name
        if Path("/", top) == HOME and has_checked_bytecode(module):
            tree.put_file(cache_of(f"{top}/{name}"), bytecode_of(module), NAME)
        elif module.is_file():
            rest.append(name)
    return rest


def put_compiled(tree: LayerTree, modules: list[str], top: str, job: Path) -> None:
    """Compile *modules*, and put their bytecode.  Raises Failed."""
    compiler = Compiler(job, layer_packing.STAGE / "bytecode", "checked")
    sources = [(f"/{top}/{name}", (HOME / name).read_bytes()) for name in modules]

    def put(path: str, bytecode: Bytecode) -> None:
        tree.put(cache_of(path.lstrip("/")), bytecode.size, bytecode.open)

    compiler.add(sources, put)
    compiler.finish()


def members(tree: LayerTree, folders: list[dict[str, Any]]) -> Iterator[Member]:
    """Yield the bytecode and the folders above it, with the modes and owners in *folders*."""
    listed = {folder["path"]: folder for folder in folders}
    for member in tree.members():
        if member.opener is not None or member.path not in listed:
            yield member
    for path, folder in listed.items():
        yield Member(path, folder["mode"], uid=folder["uid"], gid=folder["gid"])


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Compile the modules and write the layer."""
    seal()
    top, modules, tree = arguments["path"], arguments["modules"], LayerTree()
    rest = put_known(tree, modules, top)
    say(f"compiling {len(rest)} of {len(modules)} modules of the standard library")
    if rest:
        put_compiled(tree, rest, top, job)
    return layer_packing.pack(NAME, members(tree, arguments["folders"]), out)


if __name__ == "__main__":
    main(work)
