"""A small HTTP server whose answers a test writes, faults included."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs


@attrs.frozen
class Asked:
    """A request that came; *path* with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@attrs.frozen
class Said:
    """An answer; after *cut* bytes of the body the connection is reset."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cut: int | None = None


@attrs.define
class Server:
    """Answers with the next of *script*, or with what *respond* says; *asked* is the record."""

    address: str
    script: list[Said] = attrs.field(factory=list)
    respond: Callable[[Asked], Said] | None = None
    asked: list[Asked] = attrs.field(factory=list)

    def answer(self, asked: Asked) -> Said:
        """Return the answer to one request."""
        self.asked.append(asked)
        if self.respond:
            return self.respond(asked)
        return self.script.pop(0) if self.script else Said(418, b"nothing was left to say")

    @property
    def lines(self) -> list[str]:
        """Return method and path of all requests."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


def _reset(connection: socket.socket) -> None:
    """See that the next close is a reset."""
    # A reset drops what the client has not read yet, so let it read.
    time.sleep(0.1)
    # A close that lingers for no time is a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = server.answer(Asked(self.command, self.path, dict(self.headers), body))
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body[: said.cut])
            if said.cut is not None:
                _reset(self.connection)
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve

    return Handler


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client leaves early."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving() -> Iterator[Server]:
    """Give a server on a port of its own."""
    server = Server("")
    http = _Http(("127.0.0.1", 0), _handler(server))
    server.address = f"127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
