"""A small HTTP server whose answers a test writes, faults included."""

from __future__ import annotations

import socket
import struct
import threading
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


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = server.answer(Asked(self.command, self.path, self.headers, body))
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body[: said.cut])
            if said.cut is not None:
                self._reset()

        def _reset(self) -> None:
            self.wfile.flush()
            # A close that lingers for no time is a reset.
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve

    return Handler


@contextmanager
def serving() -> Iterator[Server]:
    """Give a server on a port of its own."""
    server = Server("")
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.address = f"127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
