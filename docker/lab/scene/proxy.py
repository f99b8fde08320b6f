"""A proxy in front of a registry or an index: it wants a password, and fails as a test says.

What it does not break, it forwards to the real server and back.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lab.http_server import QuietHandler, QuietServer, in_thread
from lab.scene.faults import Fault, Proxy, Seen

CHUNK = 1 << 16
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "authorization"})


class _Cut(Exception):
    """Reset the connection to the client."""


class _Handler(QuietHandler):
    proxy: Proxy

    def _serve(self) -> None:
        authorization = self.headers.get("Authorization", "")
        fault = self.proxy.take(Seen(self.command, self.path, authorization))
        try:
            if self.path.startswith("/token"):
                self._give_token(authorization)
            elif not self.proxy.accepts(authorization):
                self._challenge()
            else:
                self._forward(fault or Fault(""))
        except (_Cut, OSError, http.client.HTTPException):
            self._reset()

    def _challenge(self) -> None:
        for _ in self._body(Fault("")):
            pass
        self._answer(401, {"WWW-Authenticate": self.proxy.challenge}, b"")

    def _give_token(self, authorization: str) -> None:
        token = uuid.uuid4().hex
        if self.proxy.knows(authorization):
            self.proxy.tokens.add(token)
        self._answer(200, {}, json.dumps({"token": token, "expires_in": 300}).encode())

    def _forward(self, fault: Fault) -> None:
        if fault.expire:
            self.proxy.tokens.clear()
            self._challenge()
        elif fault.status is not None:
            for _ in self._body(fault):
                pass
            self._answer(fault.status, fault.headers, fault.body, endless=fault)
        else:
            self._ask(fault)

    def _ask(self, fault: Fault) -> None:
        """Send the request on, and the answer back."""
        upstream = http.client.HTTPConnection(self.proxy.target, timeout=60)
        try:
            upstream.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    upstream.putheader(name, value)
            if self._is_chunked:
                upstream.putheader("Transfer-Encoding", "chunked")
            upstream.endheaders()
            sends = True
            for chunk in self._body(fault):
                # A server that closes early may have answered.
                sends = sends and self._send_on(upstream, chunk)
            if self._is_chunked and sends:
                self._send_on(upstream, b"")
            answer = upstream.getresponse()
            data = answer.read()
        finally:
            upstream.close()
        if fault.after:
            after, fault.after = fault.after, None
            after()
        headers = {
            name: value for name, value in answer.getheaders() if name.lower() not in _HOP
        }
        self._answer(answer.status, {**headers, **fault.headers}, data, fault.cut_download)

    def _body(self, fault: Fault) -> Iterator[bytes]:
        """Yield the body of the request, as the fault lets it through."""
        done = 0
        self._call_hook(fault, done)
        for chunk in self._chunks():
            done += len(chunk)
            yield chunk
            self._call_hook(fault, done)
            if fault.cut_upload is not None and done >= fault.cut_upload:
                raise _Cut

    @property
    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _chunks(self) -> Iterator[bytes]:
        if not self._is_chunked:
            yield from self._exactly(int(self.headers.get("Content-Length") or 0))
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from self._exactly(size)
            self.rfile.readline()
        self.rfile.readline()

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            chunk = self.rfile.read1(min(CHUNK, size))
            if not chunk:
                raise _Cut
            size -= len(chunk)
            yield chunk

    def _send_on(self, upstream: http.client.HTTPConnection, chunk: bytes) -> bool:
        """Send *chunk*, the empty one last if they are chunked; return whether it went."""
        data = b"%x\r\n%s\r\n" % (len(chunk), chunk) if self._is_chunked else chunk
        try:
            upstream.send(data)
        except OSError:
            return False
        return True

    def _call_hook(self, fault: Fault, done: int) -> None:
        if fault.hook and done >= fault.hook_after:
            hook, fault.hook = fault.hook, None
            hook()

    def _answer(
        self,
        status: int,
        headers: Mapping[str, str],
        data: bytes,
        cut: int | None = None,
        endless: Fault | None = None,
    ) -> None:
        self.send_response_only(status)
        length = {} if "Content-Length" in headers else {"Content-Length": str(len(data))}
        for name, value in {**headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:cut])
        while endless and endless.endless:
            self.wfile.write(endless.endless)
            self.wfile.flush()
            time.sleep(endless.endless_pause)
        if cut is not None and cut < len(data):
            raise _Cut

    def _reset(self) -> None:
        # With a linger time of 0, close sends a reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve


@contextmanager
def proxying(target: str, login: str = "") -> Iterator[Proxy]:
    """Run a proxy in front of *target*, a host and a port."""
    proxy = Proxy(target, login)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = QuietServer(("127.0.0.1", 0), handler)
    proxy.port = server.server_address[1]
    with in_thread(server):
        yield proxy
