"""Servers that show the login in their errors: a registry, a package index, a git server."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lab.authority import Authority
from lab.git_login import Backend
from lab.ports import LOOPBACK
from lab.soak.secrets.attacker import lines_of
from lab.soak.secrets.planted import GIT, INDEX, REGISTRY, Planted

USER = "robot"
WRITES = ("POST", "PUT")
REFUSED = "/v2/team/refused"
"""Writes below it are always refused."""
_HOP = {"authorization", "connection", "transfer-encoding", "content-length", "host"}
_QUOTED = 300
"""Characters of a registry's message that are quoted."""


def basic(password: str) -> str:
    """Return the header of a login."""
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    password = ""

    def _known(self) -> bool:
        return self.headers.get("Authorization") == basic(self.password)

    def _send(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status == http.client.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="here"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing if a client closes its connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class Echoes:
    """What the registry shows: a few encodings at a time, each to another request."""

    messages: list[str]
    password: str
    seen: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def again(self) -> None:
        """Begin anew."""
        with self.lock:
            self.seen.clear()

    def next(self, request: str) -> str | None:
        """Return the message for the first attempt at a *request*, None if all is shown."""
        with self.lock:
            if request in self.seen or len(self.seen) >= len(self.messages):
                return None
            self.seen.add(request)
            return self.messages[len(self.seen) - 1]

    def cut(self) -> str:
        """Return a message that ends in the middle of the password when it is quoted."""
        return f"{'x' * (_QUOTED - len(self.password) + 2)}{self.password}"


def _packed(lines: Iterable[str]) -> list[str]:
    """Return *lines* in messages that are quoted as a whole."""
    messages: list[str] = []
    for line in lines:
        if messages and len(messages[-1]) + len(line) + 2 <= _QUOTED:
            messages[-1] += f"; {line}"
        else:
            messages.append(line)
    return messages


class _Registry(_Handler):
    """A proxy of the registry *target*."""

    target = ""
    echoes: Echoes

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not self._known():
            self._send(401, b"{}", "application/json")
        elif self.command in WRITES and self.path.startswith(REFUSED):
            self._error(400, self.echoes.cut())
        elif self.command in WRITES and (
            message := self.echoes.next(f"{self.command} {self.path.partition('?')[0]}")
        ):
            self._error(503, message)
        else:
            self._forward(body)

    def _error(self, status: int, message: str) -> None:
        errors = {"errors": [{"code": "UNKNOWN", "message": message}]}
        self._send(status, json.dumps(errors).encode(), "application/json")

    def _forward(self, body: bytes) -> None:
        # An engine sends several Accept headers.
        given = {name.lower(): self.headers.get_all(name, []) for name in self.headers}
        headers = {name: ", ".join(given[name]) for name in given if name not in _HOP}
        connection = http.client.HTTPConnection(self.target, timeout=120)
        headers |= {"Host": self.headers["Host"], "Content-Length": str(len(body))}
        connection.request(self.command, self.path, body, headers)
        reply = connection.getresponse()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        if reply.headers["Content-Length"] is None:
            # The end of the body is the end of the connection.
            self.send_header("Connection", "close")
        self.end_headers()
        while chunk := reply.read(1 << 20):
            self.wfile.write(chunk)
        connection.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer


def _index_handler(password: str, name: str, wheel: bytes, facts: Facts) -> type[_Handler]:
    file = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel).hexdigest()
    page = f'<a href="/files/{file}#sha256={digest}">{file}</a>'.encode()
    pages = {f"/simple/{name}/": page, f"/files/{file}": wheel}

    class Handler(_Handler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            facts.index_logins += self._known()
            if not self._known():
                self._send(401, b"")
            elif body is None:
                self._send(404, "\n".join(lines_of(INDEX, password)).encode())
            else:
                self._send(200, body, "text/html")

    Handler.password = password
    return Handler


@dataclass
class Facts:
    """Whether the git server *fails* with the login in its answer; logins at the index."""

    fails: bool = False
    index_logins: int = 0


def _git_handler(folder: Path, password: str, facts: Facts) -> type[Backend]:
    shown = "\n".join(lines_of(GIT, password)).encode()

    class Handler(Backend):
        def _answer(self) -> None:
            if not facts.fails:
                super()._answer()
                return
            self.send_response(500)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(shown)))
            self.end_headers()
            self.wfile.write(shown)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    Handler.folder = folder
    Handler.logins = {basic(password): USER}
    return Handler


@dataclass(frozen=True)
class Servers:
    """The addresses of the servers, and what makes them fail."""

    registry: str
    index: str
    bundle: Path
    git: str
    echoes: Echoes
    facts: Facts


@contextmanager
def servers(
    planted: Planted, registry: str, folder: Path, index: tuple[str, str, bytes]
) -> Iterator[Servers]:
    """Serve *registry* behind a login, an *index*, and the repositories in *folder*.

    *index* is the host that serves it, the name of its package, and a wheel.
    """
    host, package, wheel = index
    password = planted.values[REGISTRY]
    echoes, facts = Echoes(_packed(lines_of(REGISTRY, password)), password), Facts()
    authority = Authority.make(folder, host)
    own = {"target": registry, "echoes": echoes, "password": password}
    started = [
        _start(LOOPBACK, type("Registry", (_Registry,), own)),
        _start(host, _index_handler(planted.values[INDEX], package, wheel, facts), authority),
        _start(LOOPBACK, _git_handler(folder / "git", planted.values[GIT], facts)),
    ]
    proxy, extra, git = (f"{s.server_address[0]!s}:{s.server_port}" for s in started)
    try:
        url = f"https://{extra}/simple"
        yield Servers(proxy, url, authority.bundle, f"http://{git}", echoes, facts)
    finally:
        for server in started:
            server.shutdown()
            server.server_close()


def _start(
    host: str, handler: type[BaseHTTPRequestHandler], authority: Authority | None = None
) -> ThreadingHTTPServer:
    server = _Server((host, 0), handler)
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.bundle, authority.key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
