"""The standard streams of a container: send the job, receive its output files and log lines."""

from __future__ import annotations

import io
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Any

import attrs
from docker.errors import NotFound
from docker.utils.socket import STDERR, frames_iter

from ...model.log import Log
from ...model.secrets.cut_text import CUT
from ..interface import JobFile
from ..shared.archive import pack

MAX_LINE = 1 << 16
"""Bytes of one log line."""
MAX_LOG = 16 * 1024**2
"""Bytes that one job may log: all of them go into a log of the Buildbot master."""
_CUT = CUT.encode()


PIECE = 1 << 16
"""Bytes that are sent at once; a socket that is writable has room for as many."""
CHECK_MILLISECONDS = 1000
"""How long to wait for a socket before asking whether its container has ended."""
RESET_CHECKS, RESET_PAUSE = 50, 0.1
"""How often, and after how many seconds each, to ask that about a connection that was reset."""


class _Input(io.RawIOBase):
    """Standard input: the SDK's file object is read-only, so write to its socket.

    The engine does not read on when a container has ended, and keeps the connection for a
    minute.  So wait for the socket, and raise BrokenPipeError if *has_ended* returns true.
    """

    def __init__(self, attached: Any, has_ended: Callable[[], bool]) -> None:
        self._socket, self._has_ended = _socket_of(attached), has_ended

    def write(self, data: Any) -> int:
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            self._wait()
            self._socket.sendall(view[start : start + PIECE])
        return len(view)

    def _wait(self) -> None:
        # Over ssh it is no socket.
        if isinstance(self._socket, socket.socket):
            poll = select.poll()
            poll.register(self._socket, select.POLLOUT)
            while not poll.poll(CHECK_MILLISECONDS):
                if self._has_ended():
                    raise BrokenPipeError


@attrs.frozen
class Streams:
    """The attached streams of a container; *socket* is the SDK's file object.

    *has_ended* returns whether the container has ended.
    """

    socket: Any
    has_ended: Callable[[], bool] = lambda: False

    @classmethod
    def attach(cls, client: Any, name: str) -> Streams:
        """Attach to the container *name*, which is created but not started."""
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = client.attach_socket(name, params=wanted)
        return cls(attached, partial(_has_ended, client, name))

    def send_scripts(self, files: Iterable[JobFile]) -> None:
        """Write a tar of *files* to standard input, after its size in 8 bytes, big-endian."""
        packed = io.BytesIO()
        pack(files, packed)
        data = packed.getvalue()
        self._write(lambda stream: stream.write(len(data).to_bytes(8, "big") + data))

    def send(self, files: Iterable[JobFile]) -> None:
        """Write a tar of *files* to standard input."""
        self._write(lambda stream: pack(files, stream))

    def _write(self, write: Callable[[io.RawIOBase], Any]) -> None:
        """Call *write*; ignore a container that has ended, its exit status tells why."""
        with suppress(BrokenPipeError, ConnectionResetError):
            write(_Input(self.socket, self.has_ended))

    def receive(self, log: Log) -> Iterator[bytes]:
        """Yield the chunks of standard output; pass the lines of standard error to *log*.

        A line of more than 64 KiB is split.  Output beyond 16 MiB is not logged.
        """
        lines = _Lines(log)
        with closing(self):
            for stream, data in self._frames():
                if stream == STDERR:
                    lines.take(data)
                else:
                    yield data
        lines.end()

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield the frames until the container ends.

        The engine resets the connection of a container that ends before it has read its input.
        """
        try:
            yield from frames_iter(self.socket, tty=False)  # type: ignore[no-untyped-call]
        except ConnectionResetError:
            for _ in range(RESET_CHECKS):
                if self.has_ended():
                    return
                time.sleep(RESET_PAUSE)
            raise

    def close(self) -> None:
        """Close the streams and their connection.

        Closing the SDK's file object does not close its connection.  The engine does not
        remove a container while it still writes output to an open connection.
        """
        connection = _socket_of(self.socket)
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@attrs.define
class _Lines:
    """Standard error, split into lines for *log*."""

    log: Log
    rest: bytes = b""
    received: int = 0

    def take(self, data: bytes) -> None:
        """Log the lines that end in *data*."""
        before, self.received = self.received, self.received + len(data)
        if before > MAX_LOG:
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > MAX_LINE:
            lines, self.rest = [*lines, self.rest + _CUT], _CUT
        for line in lines:
            self.log(line.decode("utf-8", "replace").rstrip())
        if self.received > MAX_LOG:
            self.rest = b""
            self.log(f"(output beyond {MAX_LOG} bytes is not logged)")

    def end(self) -> None:
        """Log the last line if it has no line end."""
        if self.rest not in (b"", _CUT):
            self.log(self.rest.decode("utf-8", "replace"))


def _socket_of(attached: Any) -> Any:
    """Return the socket of the SDK's file object; None if that is closed."""
    return getattr(attached, "_sock", attached)


def _has_ended(client: Any, name: str) -> bool:
    """Return whether the container *name*, which was started, does not run any more."""
    try:
        return not client.inspect_container(name)["State"]["Running"]
    except NotFound:
        return True
