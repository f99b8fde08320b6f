"""What every container begins with: take a job in, run its script, give its files out.

Called as ``python -c <this> JOB_FOLDER OUT_FOLDER``.  Standard input is two tars of what
comes into the job folder: one of all scripts, its size in bytes before it as 8 bytes, the
first the highest; and, when there is a job, one of what it takes, whose ``command.json`` is
the list of arguments that run its script.
Standard output is a tar of the out folder, if the script ended well.  What the script and
its tools say goes to standard error.  It ends with the script's status.  An empty
``/etc/hosts``, which is what a container without a network has, gets the loopback's name.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import runpy
import select
import sys
import tarfile
from contextlib import suppress
from typing import IO

AHEAD = (
    "install",
    "scripts",
    "wheels",
    "packaging.requirements",
    "packaging.utils",
    "build",
    "venv",
)
"""Scripts, that of layers first, and what they import: a container has time while it waits."""


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Return *size* bytes of *stream*, which gives what is there.  Raises EOFError."""
    data = b""
    while len(data) < size:
        if not (chunk := stream.read(size - len(data))):
            raise EOFError("standard input ended")
        data += chunk
    return data


def take_scripts(stream: IO[bytes], folder: str) -> None:
    """Unpack the scripts into *folder*, where they can be imported."""
    size = int.from_bytes(read_exactly(stream, 8), "big")
    unpack(io.BytesIO(read_exactly(stream, size)), folder)
    sys.path[0] = folder


def import_ahead(stream: IO[bytes]) -> None:
    """Import what the script may need, as long as nothing comes on *stream*."""
    for name in AHEAD:
        if select.select([stream], [], [], 0)[0]:
            return
        with suppress(ImportError):
            importlib.import_module(name)


def unpack(stream: IO[bytes], folder: str) -> None:
    """Unpack a tar that comes on *stream*."""
    with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 18) as archive:
        # It is ours; without a filter some Pythons warn, and others change modes.
        archive.extraction_filter = lambda member, path: member
        archive.extractall(folder)  # noqa: S202


def take_in(stream: IO[bytes], folder: str) -> list[str]:
    """Unpack the job that comes on *stream* into *folder*; return the script's command."""
    unpack(stream, folder)
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


def give_out(folder: str, stream: IO[bytes]) -> None:
    """Write the tar of *folder* to *stream*."""
    with tarfile.open(fileobj=stream, mode="w|", bufsize=1 << 18) as archive:
        archive.add(folder, "out")


def name_localhost() -> None:
    """Name the loopback: an engine does so only where it gives a network."""
    with suppress(OSError):
        if os.path.getsize("/etc/hosts") == 0:
            with open("/etc/hosts", "w", encoding="ascii") as file:
                file.write("127.0.0.1 localhost\n::1 localhost\n")


def main(job: str, out: str) -> None:
    """Do one job."""
    name_localhost()
    # Not buffered: whether there is more to come is asked of the stream itself.
    with open(0, "rb", buffering=0, closefd=False) as stream:
        take_scripts(stream, job)
        import_ahead(stream)
        command = take_in(stream, job)
    child = os.fork()
    if child == 0:
        run(command)
        leave()
    _, ended = os.waitpid(child, 0)
    if ended != 0:
        # As a shell says it.
        sys.exit(128 + os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended))
    give_out(out, sys.stdout.buffer)
    leave()


def leave() -> None:
    """End well, at once: an interpreter takes its time to forget all that it imported."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
