"""An HTTP server that writes raw bytes, at any speed, so that it can break every rule."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import attrs

Respond = Callable[["Connection"], None]


@attrs.frozen
class Connection:
    """A connection whose request was read up to its body."""

    head: str
    socket: socket.socket
    over: threading.Event

    def write(self, data: bytes) -> None:
        """Send *data*."""
        self.socket.sendall(data)

    def trickle(self, data: bytes, pause: float, *, step: int = 1) -> None:
        """Send *data* slowly, in steps, until the client or the test ends."""
        for start in range(0, len(data), step):
            self.write(data[start : start + step])
            if self.over.wait(pause):
                return

    def flood(self, data: bytes) -> None:
        """Send *data* again and again until the client or the test ends."""
        while not self.over.is_set():
            self.write(data)


@attrs.define
class RawServer:
    """Calls *respond* with each request; counts them in *heads*."""

    address: str
    respond: Respond
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""
    heads: list[str] = attrs.field(factory=list)
    over: threading.Event = attrs.field(factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """Accept connections until the listener is closed."""
        while not self.over.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self._respond(connection)

    def _respond(self, connection: socket.socket) -> None:
        connection.sendall(self.greeting)
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            if not data:
                return
            head += data
        self.heads.append(head.decode("latin-1"))
        self.respond(Connection(self.heads[-1], connection, self.over))


@contextmanager
def raw_server(
    respond: Respond,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    greeting: bytes = b"",
) -> Iterator[RawServer]:
    """Run a server on a free port; each connection gets *greeting* and one answer."""
    with socket.create_server((host, 0)) as listener:
        listener.settimeout(0.02)
        server = RawServer(f"{host}:{listener.getsockname()[1]}", respond, tls, greeting)
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            thread.join()
