"""What the HTTP servers of the lab and of the tests share: a quiet handler, and a thread."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(BaseHTTPRequestHandler):
    """Keeps connections open between requests, and logs none of them."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
        del format, args


class QuietServer(ThreadingHTTPServer):
    """A server whose clients break connections on purpose."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Report nothing."""


@contextmanager
def in_thread(server: socketserver.BaseServer) -> Iterator[None]:
    """Let *server* answer in a thread; close it in the end."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    with server:
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
