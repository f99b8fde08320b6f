"""Compile modules to reproducible bytecode: it depends on the modules only.

Called as ``python -sS bytecode.py FOLDER [checked]`` with a fixed PYTHONHASHSEED.  Standard
input is `marshal` data, one ``[[PATH, SOURCE], ...]`` after the other: groups of modules, with
their paths in the image and their sources as bytes.  For group N (from 0) the file ``N`` in
FOLDER gets the ``.pyc`` of each module, one after the other, and ``N.sizes`` the `marshal` data
of their sizes in bytes.  A module that does not compile, such as a template, has size 0.

The ``.pyc`` is an unchecked hash-based one (PEP 552), which Python uses without reading the
source.  With ``checked`` it is valid only for the same source.

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
from importlib.util import MAGIC_NUMBER, source_hash

MAX_PROCESSES = min(os.cpu_count() or 1, 8)
UNCHECKED, CHECKED = (flags.to_bytes(4, "little") for flags in (0b01, 0b11))
"""The second field of a hash-based ``.pyc`` (PEP 552)."""


def compile_group(modules: list[tuple[str, bytes]], file: str, flags: bytes) -> None:
    """Compile the modules of a group one by one; write *file* and its sizes."""
    sizes = []
    with open(file, "wb") as out:
        for path, source in modules:
            try:
                code = compile(source, path, "exec", dont_inherit=True, optimize=0)
                data = MAGIC_NUMBER + flags + source_hash(source) + marshal.dumps(code)
            except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
                data = b""
            sizes.append(out.write(data))
    with open(f"{file}.sizes", "wb") as out:
        marshal.dump(sizes, out)


def fork(modules: list[tuple[str, bytes]], file: str, flags: bytes) -> None:
    """Compile a group in a child process."""
    if os.fork() == 0:
        status = 1
        try:
            compile_group(modules, file, flags)
            status = 0
        finally:
            os._exit(status)


def next_group() -> list[tuple[str, bytes]]:
    """Return the next group; an empty one at the end."""
    try:
        group: list[tuple[str, bytes]] = marshal.load(sys.stdin.buffer)  # noqa: S302  # ours
    except EOFError:
        return []
    return group


def main(folder: str, flags: bytes) -> bool:
    """Compile all groups; return whether every child process succeeded."""
    warnings.simplefilter("ignore")
    number, running, success = 0, 0, True
    while modules := next_group():
        if running == MAX_PROCESSES:
            success = os.wait()[1] == 0 and success
            running -= 1
        fork(modules, f"{folder}/{number}", flags)
        number, running = number + 1, running + 1
    for _ in range(running):
        success = os.wait()[1] == 0 and success
    return success


if __name__ == "__main__":
    is_checked = sys.argv[2:] == ["checked"]
    sys.exit(not main(sys.argv[1], CHECKED if is_checked else UNCHECKED))
