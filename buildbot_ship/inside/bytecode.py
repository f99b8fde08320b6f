"""Compile modules to bytecode whose bytes depend on nothing but the modules.

Called as ``python -sS bytecode.py``, with PYTHONHASHSEED fixed and the standard library
only.  Standard input is JSON: ``[[[FILE, FINAL_PATH], ...], ...]``, one group for each
wheel, files that lie here and where they will.  Beside each file it leaves its unchecked
hash-based ``.pyc`` (PEP 552): nobody has to look at the source when it is imported.  What
does not compile, as templates of code do, stays as it is.

How a constant is written depends on who else holds it (`marshal` counts references), and
so on what the process did before: each group is compiled in a fork of its own.
"""

from __future__ import annotations

import json
import os
import py_compile
import sys
import warnings

AT_ONCE = min(os.cpu_count() or 1, 8)


def compile_group(files: list[list[str]]) -> None:
    """Compile files one by one."""
    for file, final in files:
        try:
            py_compile.compile(
                file,
                dfile=final,
                doraise=True,
                optimize=0,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except (py_compile.PyCompileError, ValueError, RecursionError, MemoryError):
            continue


def fork(files: list[list[str]]) -> None:
    """Compile files in a process of their own."""
    if os.fork() == 0:
        status = 1
        try:
            compile_group(files)
            status = 0
        finally:
            os._exit(status)


def main(groups: list[list[list[str]]]) -> bool:
    """Compile all groups; tell whether every process ended well."""
    warnings.simplefilter("ignore")
    running, well = 0, True
    for group in groups:
        if running == AT_ONCE:
            well = os.wait()[1] == 0 and well
            running -= 1
        fork(group)
        running += 1
    for _ in range(running):
        well = os.wait()[1] == 0 and well
    return well


if __name__ == "__main__":
    sys.exit(not main(json.load(sys.stdin)))
