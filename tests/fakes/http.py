"""A small HTTP server whose responses, faults included, are written by a test."""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import attrs
from lab.http_server import QuietHandler, in_thread


@attrs.frozen
class Request:
    """A request that the server received; *path* includes the query.

    *client* is the port of the client, which differs for each connection.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    client: int = 0


@attrs.frozen
class Response:
    """A response; the connection is reset after *cut* bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cut: int | None = None


@attrs.define
class Server:
    """Responds with *respond*, or with the next item of *script*; records *requests*."""

    address: str
    script: list[Response] = attrs.field(factory=list)
    respond: Callable[[Request], Response] | None = None
    requests: list[Request] = attrs.field(factory=list)

    def answer(self, request: Request) -> Response:
        """Record a request; return the response to it."""
        self.requests.append(request)
        if self.respond:
            return self.respond(request)
        return self.script.pop(0) if self.script else Response(418, b"the script has ended")

    @property
    def lines(self) -> list[str]:
        """Return the method and the path of each request."""
        return [f"{request.method} {request.path}" for request in self.requests]


def _reset(connection: socket.socket) -> None:
    """Make the next close a reset."""
    # A reset drops the bytes that the client has not read yet, so let it read.
    time.sleep(0.1)
    # With a linger time of 0, close sends a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _handler(server: Server) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(
                self.command, self.path, dict(self.headers), body, self.client_address[1]
            )
            response = server.answer(request)
            self.send_response(response.status)
            length = {"Content-Length": str(len(response.body))}
            for name, value in {**length, **response.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body[: response.cut])
            if response.cut is not None:
                _reset(self.connection)
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve

    return Handler


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Report no client that disconnects early."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on a free port."""
    server = Server("")
    http = _Http(("127.0.0.1", 0), _handler(server))
    server.address = f"127.0.0.1:{http.server_address[1]}"
    with in_thread(http):
        yield server
