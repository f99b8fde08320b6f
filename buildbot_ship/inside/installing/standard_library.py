"""Bytecode of Python's standard library, which many build bases lack.

The tools image has it, in the base's own folders.  So no job compiles what it imports, and the
bytecode layer of images has the same files.  They are checked hash-based ``.pyc`` (PEP 552).
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from bytecode import CHECKED
from compiler import Bytecode, Compiler, cache_of
from left_out import LEFT_OUT

HOME = Path(sysconfig.get_path("stdlib"))


def compile_library(job: Path, stage: Path, home: Path = HOME) -> None:
    """Compile the modules below *home* that have no bytecode.  Raises Failed."""
    compile_files(sorted(uncompiled(home)), job, stage, "checked")


def uncompiled(home: Path) -> list[Path]:
    """Return the modules below *home* without bytecode, if a file can be written beside it."""
    modules = []
    for folder, folders, names in os.walk(home):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        if os.access(folder, os.W_OK):
            paths = (Path(folder, name) for name in names if name.endswith(".py"))
            modules += [path for path in paths if not bytecode_of(path).exists()]
    return modules


def compile_files(modules: list[Path], job: Path, stage: Path, *options: str) -> None:
    """Write the bytecode of *modules* beside them; *stage* is a new folder.  Raises Failed."""
    compiler = Compiler(job, stage, *options)
    compiler.add([(str(path), path.read_bytes()) for path in modules], write_beside)
    compiler.finish()


def write_beside(module: str, bytecode: Bytecode) -> None:
    """Write the bytecode of a module to where Python looks for it."""
    path = bytecode_of(Path(module))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytecode.open().read())


def bytecode_of(module: Path) -> Path:
    """Return the path of the bytecode of a module."""
    return Path(cache_of(str(module)))


def has_checked_bytecode(module: Path) -> bool:
    """Return whether a module has checked bytecode, for its own path."""
    try:
        with bytecode_of(module).open("rb") as file:
            return file.read(8)[4:] == CHECKED
    except OSError:
        return False
