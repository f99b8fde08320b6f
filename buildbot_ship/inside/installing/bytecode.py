"""Compile modules to bytecode whose bytes depend on nothing but the modules.

Called as ``python -sS bytecode.py [checked]``, with PYTHONHASHSEED fixed and the standard
library only, and little of that: importing `json` or `py_compile` takes as long as all the
rest.  Standard input is `marshal`'s: ``[[[FILE, FINAL_PATH], ...], ...]``, groups of
files that lie here, and where they will.  Beside each file it leaves its unchecked
hash-based ``.pyc`` (PEP 552): nobody has to look at the source when it is imported.  One that
is *checked* counts only for the very source that it was made of.  What does not compile, as
templates of code do, stays as it is.

How a constant is written depends on who else holds it (`marshal` counts references), and
so on what the process did before: each group is compiled in a fork of its own.
"""

from __future__ import annotations

import marshal
import os
import sys
import warnings
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash

AT_ONCE = min(os.cpu_count() or 1, 8)
FLAGS = (0b11 if sys.argv[1:] == ["checked"] else 0b01).to_bytes(4, "little")


def compile_group(files: list[list[str]]) -> None:
    """Compile files one by one."""
    for file, final in files:
        with open(file, "rb") as opened:
            source = opened.read()
        try:
            code = marshal.dumps(compile(source, final, "exec", dont_inherit=True, optimize=0))
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            continue
        path = cache_from_source(file, optimization="")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as opened:
            opened.write(MAGIC_NUMBER + FLAGS + source_hash(source) + code)


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
    sys.exit(not main(marshal.load(sys.stdin.buffer)))  # noqa: S302
