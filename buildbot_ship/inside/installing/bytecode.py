"""Compile modules to reproducible bytecode: it depends on the modules only.

Called as ``python -sS bytecode.py [checked]`` with a fixed PYTHONHASHSEED.  Standard input is
`marshal` data: ``[[[FILE, FINAL_PATH], ...], ...]``, groups of files and their paths in the
image.  Beside each file it writes an unchecked hash-based ``.pyc`` (PEP 552), which Python uses
without reading the source.  With ``checked`` the ``.pyc`` is valid only for the same source.  A
file that does not compile, such as a template of code, gets none.

`marshal` writes a constant differently if other objects refer to it, so the bytes depend on
what the process did before.  Each group is therefore compiled in a separate fork.
It uses the standard library only, and little of that: importing `json` or `py_compile` takes as
long as everything else.
"""

from __future__ import annotations

import marshal
import os
import sys
import warnings
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash

MAX_PROCESSES = min(os.cpu_count() or 1, 8)
FLAGS = (0b11 if sys.argv[1:] == ["checked"] else 0b01).to_bytes(4, "little")


def compile_group(files: list[list[str]]) -> None:
    """Compile ``[FILE, FINAL_PATH]`` pairs one by one."""
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
    """Compile a group in a child process."""
    if os.fork() == 0:
        status = 1
        try:
            compile_group(files)
            status = 0
        finally:
            os._exit(status)


def main(groups: list[list[list[str]]]) -> bool:
    """Compile all groups; return whether every child process succeeded."""
    warnings.simplefilter("ignore")
    running, success = 0, True
    for group in groups:
        if running == MAX_PROCESSES:
            success = os.wait()[1] == 0 and success
            running -= 1
        fork(group)
        running += 1
    for _ in range(running):
        success = os.wait()[1] == 0 and success
    return success


if __name__ == "__main__":
    sys.exit(not main(marshal.load(sys.stdin.buffer)))  # noqa: S302
