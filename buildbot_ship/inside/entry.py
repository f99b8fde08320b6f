"""What every container begins with: take a job in, run its script, give its files out.

Called as ``python -c <this> JOB_FOLDER OUT_FOLDER``.  Standard input is a tar of what comes
into the job folder; its ``command.json`` is the list of arguments that run the script.
Standard output is a tar of the out folder, if the script ended well.  What the script and
its tools say goes to standard error.  It ends with the script's status.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import sys
import tarfile
from contextlib import suppress
from typing import BinaryIO

AHEAD = (
    "zipfile",
    "subprocess",
    "concurrent.futures.thread",
    "packaging.requirements",
    "packaging.utils",
    "build",
    "venv",
)
"""What scripts import, those of layers first: 0.2 s that a container has while it waits."""


def import_ahead(stream: BinaryIO) -> None:
    """Import what the script may need, as long as nothing comes on *stream*."""
    for name in AHEAD:
        if select.select([stream], [], [], 0)[0]:
            return
        with suppress(ImportError):
            importlib.import_module(name)


def take_in(stream: BinaryIO, folder: str) -> list[str]:
    """Unpack what comes on *stream* into *folder*; return the script's command."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        # It is ours; without a filter some Pythons warn, and others change modes.
        archive.extraction_filter = lambda member, path: member
        archive.extractall(folder)  # noqa: S202
    with open(f"{folder}/command.json", encoding="utf-8") as file:
        command: list[str] = json.load(file)
    return command


def run(command: list[str]) -> None:
    """Run a script in this process, as its interpreter would."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.argv = command
    sys.path[0] = os.path.dirname(command[0])
    runpy.run_path(command[0], run_name="__main__")


def give_out(folder: str, stream: BinaryIO) -> None:
    """Write the tar of *folder* to *stream*."""
    with tarfile.open(fileobj=stream, mode="w|", bufsize=1 << 18) as archive:
        archive.add(folder, "out")


def main(job: str, out: str) -> None:
    """Do one job."""
    import_ahead(sys.stdin.buffer)
    command = take_in(sys.stdin.buffer, job)
    child = os.fork()
    if child == 0:
        run(command)
        return
    _, ended = os.waitpid(child, 0)
    if ended != 0:
        # As a shell says it.
        sys.exit(128 + os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended))
    give_out(out, sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
