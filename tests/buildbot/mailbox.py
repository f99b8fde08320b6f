"""A mail server that keeps what it gets: https://www.rfc-editor.org/rfc/rfc5321."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message

_ANSWERS = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}


class Mailbox(socketserver.ThreadingTCPServer):
    """A server on a free port of loopback, and its mails."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[Message] = []


class _Session(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self.wfile.write(b"220 mailbox\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            self.wfile.write(_ANSWERS.get(word, b"250 OK") + b"\r\n")
            if word == b"DATA":
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(email.message_from_bytes(b"".join(lines)))
                self.wfile.write(b"250 OK\r\n")


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server."""
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
