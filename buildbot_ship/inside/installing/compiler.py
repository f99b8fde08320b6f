"""Compile modules in other processes while this one goes on, see ``bytecode.py``."""

from __future__ import annotations

import io
import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

from job import Failed

GROUP = 64
"""Modules for one process: starting a process takes longer than compiling a module."""


@dataclass(frozen=True)
class Bytecode:
    """The ``.pyc`` of a module: *size* bytes of *file*, from *start*."""

    file: Path
    start: int
    size: int

    def open(self) -> io.BytesIO:
        """Return the content as a stream."""
        with self.file.open("rb") as file:
            file.seek(self.start)
            return io.BytesIO(file.read(self.size))


Module = tuple[str, bytes]
"""A module: its path in the image, and its source."""
Take = Callable[[str, Bytecode], None]


class Compiler:
    """Compiles modules, and writes the bytecode to *folder*.

    *job* is the job folder, *options* are those of ``bytecode.py``.
    """

    def __init__(self, job: Path, folder: Path, *options: str) -> None:
        """Start the process."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._groups: list[tuple[list[str], Take]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-sS", job / "bytecode.py", folder, *options],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )

    def add(self, modules: list[Module], take: Take) -> None:
        """Compile *modules*; `finish` calls *take* with the path and the bytecode of each.

        Many modules are split into groups, so that one large package does not keep one
        processor busy while the others wait.
        """
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        for group in split(modules):
            # A broken pipe: the process failed, as `finish` reports.
            with suppress(BrokenPipeError):
                self._process.stdin.write(marshal.dumps(group))
            self._groups.append(([path for path, _ in group], take))

    def finish(self) -> None:
        """Wait for all bytecode.  Raises Failed."""
        with suppress(BrokenPipeError):
            self._process.communicate()
        if self._process.wait() != 0:
            raise Failed(
                "the modules cannot be compiled",
                "raise the option memory of the step, for example memory=8 * 1024**3",
            )
        for number, (paths, take) in enumerate(self._groups):
            start = 0
            file = self._folder / str(number)
            for path, size in zip(paths, sizes(file), strict=True):
                if size:
                    take(path, Bytecode(file, start, size))
                start += size


def cache_of(module: str) -> str:
    """Return the path of the bytecode of a module (PEP 3147)."""
    return cache_from_source(module, optimization="")


def sizes(file: Path) -> list[int]:
    """Return the sizes of the modules in *file*."""
    found: list[int] = marshal.loads(Path(f"{file}.sizes").read_bytes())  # noqa: S302  # ours
    return found


def split(modules: list[Module]) -> Iterator[list[Module]]:
    """Yield parts of *modules* with at most `GROUP` modules each."""
    for start in range(0, len(modules), GROUP):
        yield modules[start : start + GROUP]
