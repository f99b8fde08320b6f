"""A Docker Engine's API on a Unix socket, whose answers a test writes: engines not to be had.

`engine_29` plays what is announced for Engine 29: API 1.44 at least, errors in ``errorDetail``
only, image IDs that are digests of manifests, and loads that succeed without unpacking.
"""

from __future__ import annotations

import json
import re
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from lab.http_server import QuietHandler, in_thread

LEAST, API = (1, 44), "1.52"
VERSION = {"Os": "linux", "Arch": "amd64", "ApiVersion": API, "MinAPIVersion": "1.44"}
Answer = tuple[int, Any]
"""The status, and a JSON document; a tuple has the lines of a stream."""


@attrs.define
class EngineApi:
    """The engine at *address*; *answers* has a function for a pattern of "METHOD /path"."""

    socket: Path
    answers: dict[str, Callable[[], Answer]] = attrs.field(factory=dict)
    seen: list[str] = attrs.field(factory=list)
    bodies: list[bytes] = attrs.field(factory=list)

    @property
    def address(self) -> str:
        """Return it in the format of DOCKER_HOST."""
        return f"unix://{self.socket}"

    def answer(self, method: str, path: str) -> Answer:
        """Return the answer to a request."""
        self.seen.append(f"{method} {path}")
        version = re.match(r"/v(\d+)\.(\d+)/", path)
        if version and tuple(map(int, version.groups())) < LEAST:
            return 400, {"message": "client version is too old. Minimum supported is 1.44"}
        plain = re.sub(r"^/v[0-9.]+", "", path)
        for pattern, answer in self.answers.items():
            if re.match(pattern, f"{method} {plain}"):
                return answer()
        return (
            (200, VERSION)
            if plain == "/version"
            else (404, {"message": f"No such image: {plain}"})
        )


class _Handler(QuietHandler):
    api: EngineApi

    def address_string(self) -> str:
        return "socket"

    def _serve(self) -> None:
        self.api.bodies.append(self._body())
        status, document = self.api.answer(self.command, self.path)
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        if isinstance(document, tuple):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in (*document, None):
                data = b"" if line is None else json.dumps(line).encode() + b"\r\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            return
        body = json.dumps(document).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = do_DELETE = _serve


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def engine_29(folder: Path) -> Iterator[EngineApi]:
    """Serve an engine on a socket in *folder*."""
    api = EngineApi(folder / "docker.sock")
    handler = type("Handler", (_Handler,), {"api": api})
    with in_thread(_Server(str(api.socket), handler)):
        yield api
