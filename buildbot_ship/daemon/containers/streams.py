"""The standard streams of a container: its job goes in, its files and its words come out."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from typing import Any

import attrs
from docker.utils.socket import STDERR, frames_iter

from ...model.log import Log
from ..interface import JobFile
from ..shared.archive import pack

LINE = 1 << 16
MAX_SAID = 16 * 1024**2
"""Bytes that one job may say: they all go into a log of the master."""


class _Input(io.RawIOBase):
    """Standard input: the SDK's file object can only be read, the socket below it written."""

    def __init__(self, attached: Any) -> None:
        self._socket = _below(attached)

    def write(self, data: Any) -> int:
        self._socket.sendall(data)
        return len(data)


@attrs.frozen
class Streams:
    """The streams of a container that is about to start; *socket* is the SDK's."""

    socket: Any

    @classmethod
    def attach(cls, client: Any, name: str) -> Streams:
        """Return the streams of container *name*, which was made and not started."""
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        return cls(client.attach_socket(name, params=wanted))

    def send_scripts(self, files: Iterable[JobFile]) -> None:
        """Write a tar of *files* to standard input, its size before it."""
        packed = io.BytesIO()
        pack(files, packed)
        data = packed.getvalue()
        self._write(lambda stream: stream.write(len(data).to_bytes(8, "big") + data))

    def send(self, files: Iterable[JobFile]) -> None:
        """Write a tar of *files* to standard input."""
        self._write(lambda stream: pack(files, stream))

    def _write(self, write: Callable[[io.RawIOBase], Any]) -> None:
        """Let *write* write; a container that has ended takes nothing: its status tells why."""
        with suppress(BrokenPipeError, ConnectionResetError):
            write(_Input(self.socket))

    def receive(self, log: Log) -> Iterator[bytes]:
        """Yield standard output until it ends; give the lines of standard error to *log*.

        A line of more than 64 KiB comes in pieces.  Past 16 MiB nothing is said any more.
        """
        lines = _Lines(log)
        with closing(self):
            for stream, data in frames_iter(self.socket, tty=False):  # type: ignore[no-untyped-call]
                if stream == STDERR:
                    lines.take(data)
                else:
                    yield data
        lines.end()

    def close(self) -> None:
        """Let the streams go, and the engine, which may still be writing to them.

        Closing the SDK's file object does not close its connection, and the engine would
        not remove a container with an answer that nobody reads.
        """
        connection = _below(self.socket)
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@attrs.define
class _Lines:
    """Standard error on its way to *log*, line by line."""

    log: Log
    rest: bytes = b""
    said: int = 0

    def take(self, data: bytes) -> None:
        """Say the lines that end in *data*."""
        before, self.said = self.said, self.said + len(data)
        if before > MAX_SAID:
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > LINE:
            lines, self.rest = [*lines, self.rest], b""
        for line in lines:
            self.log(line.decode("utf-8", "replace").rstrip())
        if self.said > MAX_SAID:
            self.rest = b""
            self.log(f"(what it says past {MAX_SAID} bytes is left out)")

    def end(self) -> None:
        """Say what stands after the last end of a line."""
        if self.rest:
            self.log(self.rest.decode("utf-8", "replace"))


def _below(attached: Any) -> Any:
    """Return the socket that the SDK's file object stands on; a closed one has none."""
    return getattr(attached, "_sock", attached)
