"""The entry point of every container: receive a job, run its script, send its output files.

Called as ``python -c SOURCE JOB_FOLDER OUT_FOLDER``.  Standard input is two tars for the job
folder.  The first has all scripts and follows its size in bytes (8 bytes, big-endian).  The
second follows when there is a job: its inputs, and ``command.json``, the list of arguments
that run its script.
Standard output is a tar of the out folder if the script succeeds.  The output of the script
and of its tools goes to standard error.  The exit status is the script's.  A container without
a network has an empty ``/etc/hosts``: it gets the entries for localhost.

Standard input stays open as long as the worker's process lives.  When that ends, the engine
closes it, and everything in the container ends.
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
import threading
from contextlib import suppress
from typing import IO

PRELOADED = (
    "install",
    "console_scripts",
    "wheels",
    "packaging.requirements",
    "packaging.utils",
    "build",
    "venv",
)
"""Modules to import while a standby container waits, those of the most frequent job first."""

ABANDONED = 137
"""The exit status if the worker's process ends: as after SIGKILL."""


def read_exactly(stream: IO[bytes], size: int) -> bytes:
    """Read exactly *size* bytes of *stream*.  Raises EOFError."""
    data = b""
    while len(data) < size:
        if not (chunk := stream.read(size - len(data))):
            raise EOFError("standard input ended")
        data += chunk
    return data


def receive_scripts(stream: IO[bytes], folder: str) -> None:
    """Unpack the scripts from *stream* into *folder*, and make them importable."""
    size = int.from_bytes(read_exactly(stream, 8), "big")
    unpack(io.BytesIO(read_exactly(stream, size)), folder)
    sys.path[0] = folder


def preload(stream: IO[bytes]) -> None:
    """Import modules that the script may need, until the job arrives on *stream*."""
    for name in PRELOADED:
        if select.select([stream], [], [], 0)[0]:
            return
        with suppress(ImportError):
            importlib.import_module(name)


def unpack(stream: IO[bytes], folder: str) -> None:
    """Unpack the tar on *stream* into *folder*."""
    with tarfile.open(fileobj=stream, mode="r|", bufsize=1 << 18) as archive:
        # We made this tar.  Without a filter some Pythons warn, and others change modes.
        archive.extraction_filter = lambda member, path: member
        archive.extractall(folder)  # noqa: S202


def receive_job(stream: IO[bytes], folder: str) -> list[str]:
    """Unpack the job from *stream* into *folder*; return the arguments that run its script."""
    unpack(stream, folder)
    with open(f"{folder}/command.json", encoding="utf-8") as file:
        command: list[str] = json.load(file)
    return command


def run(command: list[str]) -> None:
    """Run a script in this process, with standard output redirected to standard error."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.argv = command
    sys.path[0] = os.path.dirname(command[0])
    runpy.run_path(command[0], run_name="__main__")


def send_output(folder: str, stream: IO[bytes]) -> None:
    """Write a tar of *folder* to *stream*."""
    with tarfile.open(fileobj=stream, mode="w|", bufsize=1 << 18) as archive:
        archive.add(folder, "out")


def end_with_input() -> None:
    """Exit when standard input ends, in a thread: the container's init then ends the others."""

    def wait() -> None:
        while os.read(0, 1 << 16):
            pass
        os._exit(ABANDONED)

    threading.Thread(target=wait, daemon=True).start()


def name_localhost() -> None:
    """Add localhost to an empty ``/etc/hosts``: without a network the engine does not."""
    with suppress(OSError):
        if os.path.getsize("/etc/hosts") == 0:
            with open("/etc/hosts", "w", encoding="ascii") as file:
                file.write("127.0.0.1 localhost\n::1 localhost\n")


def main(job: str, out: str) -> None:
    """Receive a job, run its script in a child process, send its output."""
    name_localhost()
    # Unbuffered, so that select sees every byte that is not read yet.
    with open(0, "rb", buffering=0, closefd=False) as stream:
        receive_scripts(stream, job)
        preload(stream)
        command = receive_job(stream, job)
    child = os.fork()
    if child == 0:
        run(command)
        exit_at_once()
    end_with_input()
    _, status = os.waitpid(child, 0)
    if status != 0:
        # 128 plus the signal, as a shell does.
        killed = os.WIFSIGNALED(status)
        sys.exit(128 + os.WTERMSIG(status) if killed else os.WEXITSTATUS(status))
    send_output(out, sys.stdout.buffer)
    exit_at_once()


def exit_at_once() -> None:
    """Exit with status 0 without the interpreter's shutdown, which takes time."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
