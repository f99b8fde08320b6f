"""The HTTP part: PUT /notes/KEY stores a note, GET /notes/KEY and GET /notes read."""

import json
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from notes import database

LARGEST = 64 * 1024
PREFIX = "/notes/"


def serve(folder: Path, port: int) -> None:
    """Answer requests until SIGTERM; then finish those that have begun."""
    database.lock(folder)
    # This connection stays open: SQLite empties its log when the last one is closed.
    with closing(database.connect(folder)) as connection:
        database.migrate(connection)
        with Server(("", port), Notes) as server:
            server.connect = lambda: database.connect(folder)
            stop_at_signal(server)
            print(f"serving {folder} on port {port}", file=sys.stderr)
            server.serve_forever(poll_interval=0.1)


def stop_at_signal(server: ThreadingHTTPServer) -> None:
    """Stop accepting requests at SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # `shutdown` waits for `serve_forever`, so it needs a thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())


class Server(ThreadingHTTPServer):
    """A server that waits for its requests when it is closed."""

    daemon_threads = False
    connect: Callable[[], sqlite3.Connection]


class Notes(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    # Less than the ten seconds that `docker stop` waits before it kills.
    timeout = 5

    def do_PUT(self) -> None:
        """Store a note; the answer follows the commit, so the note is on the disk."""
        key, length = self.path.removeprefix(PREFIX), self.headers.get("Content-Length", "")
        if not self.path.startswith(PREFIX) or not key:
            return self.answer(HTTPStatus.NOT_FOUND, "use PUT /notes/KEY")
        if not length.isdecimal() or int(length) > LARGEST:
            return self.answer(HTTPStatus.BAD_REQUEST, f"send up to {LARGEST} bytes")
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            return self.answer(HTTPStatus.BAD_REQUEST, "the note is not complete")
        try:
            values = (key, body.decode())
        except UnicodeDecodeError:
            return self.answer(HTTPStatus.BAD_REQUEST, "send UTF-8")
        return self.query(database.STORE, values, HTTPStatus.CREATED)

    def do_GET(self) -> None:
        """Return one note, or all of them, as JSON."""
        if self.path == "/notes":
            self.query(f"{database.READ} ORDER BY key")
        elif self.path.startswith(PREFIX):
            self.query(f"{database.READ} WHERE key = ?", (self.path.removeprefix(PREFIX),))
        else:
            self.answer(HTTPStatus.NOT_FOUND, "use GET /notes or /notes/KEY")

    def query(
        self, statement: str, values: tuple[str, ...] = (), done: HTTPStatus = HTTPStatus.OK
    ) -> None:
        """Execute a statement and answer with its rows; an error means nothing was stored."""
        try:
            with closing(self.server.connect()) as connection:
                cursor = connection.execute(statement, values)
                names = [column[0] for column in cursor.description or ()]
                rows = [dict(zip(names, row, strict=True)) for row in cursor]
        except (sqlite3.Error, database.DataError) as error:
            print(f"cannot answer {self.requestline!r}: {error}", file=sys.stderr)
            self.answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        else:
            self.answer(done, json.dumps(rows))

    def answer(self, status: HTTPStatus, text: str) -> None:
        """Send a status and one line."""
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Do not log requests that succeed."""
