"""A proxy in front of a registry or an index: it wants a password, and fails as a test says.

What it does not break, it forwards to the real server and back.
"""

from __future__ import annotations

import base64
import http.client
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs

CHUNK = 1 << 16
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "authorization"})


@attrs.frozen
class Seen:
    """A request that came in; *authorization* is its header, or empty."""

    method: str
    path: str
    authorization: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@attrs.define
class Fault:
    """What goes wrong with the next *times* requests whose "METHOD /path" matches *match*.

    With *status*, the proxy answers itself.  *headers* are added to the answer, whoever gives
    it.  *cut_upload* and *cut_download* reset the connection after that many bytes of a body.
    *hook* is called when the request has come in, or after *hook_after* bytes of its body.
    """

    match: str
    times: int = 1
    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cut_upload: int | None = None
    cut_download: int | None = None
    hook: Callable[[], None] | None = None
    hook_after: int = 0
    fired: int = 0


@attrs.define
class Proxy:
    """A proxy on a loopback port; *login* is the ``user:password`` that it wants, if any."""

    target: str
    login: str = ""
    port: int = 0
    faults: list[Fault] = attrs.field(factory=list)
    seen: list[Seen] = attrs.field(factory=list)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.port}"

    def fail(self, match: str, **how: object) -> Fault:
        """Add a `Fault`; it is a regular expression for the start of "METHOD /path"."""
        fault = Fault(match, **how)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def reset(self) -> None:
        """Forget the faults and the requests."""
        self.faults.clear()
        self.seen.clear()

    def lines(self, match: str) -> list[str]:
        """Return the requests that match, oldest first."""
        return [str(seen) for seen in self.seen if re.match(match, str(seen))]

    def take(self, seen: Seen) -> Fault | None:
        """Record a request; return the fault that it meets."""
        with self._lock:
            self.seen.append(seen)
            for fault in self.faults:
                if fault.fired < fault.times and re.match(fault.match, str(seen)):
                    fault.fired += 1
                    return fault
        return None

    def accepts(self, authorization: str) -> bool:
        """Return whether a request may go on."""
        wanted = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        return not self.login or authorization == wanted


class _Cut(Exception):
    """Reset the connection to the client."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def _serve(self) -> None:
        authorization = self.headers.get("Authorization", "")
        fault = self.proxy.take(Seen(self.command, self.path, authorization))
        try:
            if not self.proxy.accepts(authorization):
                self._challenge()
            else:
                self._forward(fault or Fault(""))
        except (_Cut, OSError, http.client.HTTPException):
            self._reset()

    def _challenge(self) -> None:
        for _ in self._body(Fault("")):
            pass
        self._answer(401, {"WWW-Authenticate": 'Basic realm="faults"'}, b"")

    def _forward(self, fault: Fault) -> None:
        if fault.status is not None:
            for _ in self._body(fault):
                pass
            self._answer(fault.status, fault.headers, fault.body)
            return
        upstream = http.client.HTTPConnection(self.proxy.target, timeout=60)
        try:
            upstream.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    upstream.putheader(name, value)
            upstream.endheaders()
            for chunk in self._body(fault):
                upstream.send(chunk)
            answer = upstream.getresponse()
            data = answer.read()
        finally:
            upstream.close()
        headers = {
            name: value for name, value in answer.getheaders() if name.lower() not in _HOP
        }
        self._answer(answer.status, {**headers, **fault.headers}, data, fault.cut_download)

    def _body(self, fault: Fault) -> Iterator[bytes]:
        """Yield the body of the request, as the fault lets it through."""
        size, done = int(self.headers.get("Content-Length") or 0), 0
        self._call_hook(fault, done)
        while done < size:
            if fault.cut_upload is not None and done >= fault.cut_upload:
                raise _Cut
            chunk = self.rfile.read1(min(CHUNK, size - done))
            if not chunk:
                raise _Cut
            done += len(chunk)
            yield chunk
            self._call_hook(fault, done)

    def _call_hook(self, fault: Fault, done: int) -> None:
        if fault.hook and done >= fault.hook_after:
            hook, fault.hook = fault.hook, None
            hook()

    def _answer(
        self, status: int, headers: Mapping[str, str], data: bytes, cut: int | None = None
    ) -> None:
        self.send_response_only(status)
        length = {} if "Content-Length" in headers else {"Content-Length": str(len(data))}
        for name, value in {**headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:cut])
        if cut is not None and cut < len(data):
            raise _Cut

    def _reset(self) -> None:
        # With a linger time of 0, close sends a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Report nothing: clients and tests break connections on purpose."""


@contextmanager
def proxying(target: str, login: str = "") -> Iterator[Proxy]:
    """Run a proxy in front of *target*, a host and a port."""
    proxy = Proxy(target, login)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with _Server(("127.0.0.1", 0), handler) as server:
        proxy.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
