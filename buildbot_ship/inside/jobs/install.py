"""Install wheels into layers, one group of wheels for each layer.

job.json: ``{"prefix": "/opt/ship", "layers": {NAME: [{"file", "digest", "left_out"}]}}``.  The
wheels are in ``wheelhouse/``.  *left_out* are paths below the prefix to skip, because another
package installs them.
Out folder: ``NAME.tar.gz`` for each layer.
result.json: ``{"layers": {NAME: {"diff_id", "digest", "size", "elf"}}}``: the digest of the
tar, digest and size of the gzipped tar, and the ELF files by path, as ``elf.py`` reads them,
each with its "package".

The wheels are installed as PEP 427 says, with ``.data`` folders and console scripts.  The
scripts use the interpreter of the virtual environment at the prefix.  No code of the wheels
runs.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import layer_packing
from compiler import Compiler
from elf import ElfFiles
from job import Failed, main, say, seal
from layer_tree import LayerTree
from verified_wheels import verify
from wheel_files import WheelInstaller


def install(
    name: str, wheels: list[dict[str, Any]], house: Path, prefix: str, compiler: Compiler
) -> LayerTree:
    """Install the wheels of a layer; *compiler* begins with their modules meanwhile."""
    say(f"installing {', '.join(wheel['file'] for wheel in wheels)}")
    tree = LayerTree()
    installer = WheelInstaller(tree, layer_packing.STAGE / name, prefix)
    for wheel in wheels:
        file = str(wheel["file"])
        modules = installer.install(house / file, frozenset(wheel["left_out"]))
        compiler.add(modules, partial(tree.put_bytecode, owner=file))
    return tree


def pack_tree(name: str, tree: LayerTree, out: Path) -> dict[str, Any]:
    """Write the layer *name*; return its entry in ``result.json``.  Raises Failed."""
    elf_files = ElfFiles()
    try:
        record = layer_packing.pack(name, tree.members(), out, elf_files.look)
    except ValueError as error:
        raise Failed(
            f"the layer cannot be made: {error}",
            "leave one of the packages out, or put it into another pex",
        ) from None
    elf = {
        path: {**asdict(file), "package": " ".join(tree.owners[path].split("-")[:2])}
        for path, file in elf_files.found.items()
    }
    return {**record, "elf": elf}


def pack_all(trees: dict[str, LayerTree], out: Path) -> dict[str, Any]:
    """Write every layer; return their entries in ``result.json``.  Raises Failed."""
    if len(trees) == 1:
        return {name: pack_tree(name, tree, out) for name, tree in trees.items()}
    # Imported late: the import takes longer than one small layer.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        packed = {name: pool.submit(pack_tree, name, tree, out) for name, tree in trees.items()}
    return {name: future.result() for name, future in packed.items()}


def work(arguments: dict[str, Any], job: Path, out: Path) -> dict[str, Any]:
    """Install the wheels and write every layer."""
    seal()
    warnings.simplefilter("ignore")
    layers, house, prefix = arguments["layers"], job / "wheelhouse", arguments["prefix"]
    verify([wheel for wheels in layers.values() for wheel in wheels], house)
    compiler = Compiler(job, layer_packing.STAGE / "bytecode")
    trees = {
        name: install(name, wheels, house, prefix, compiler) for name, wheels in layers.items()
    }
    compiler.finish()
    return {"layers": pack_all(trees, out)}


if __name__ == "__main__":
    main(work)
