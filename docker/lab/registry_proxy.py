"""A proxy with TLS before a registry, as companies run it: with its own limits and paths.

It reads a whole body before it passes it on, as nginx does, so a connection that breaks leaves
no half body in the registry.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import attrs

from lab.http_server import QuietHandler, QuietServer, in_thread


@attrs.define
class RegistryProxy:
    """A proxy at *address* before the registry at *target*.

    It refuses a body of more than *most* bytes with HTTP status 413.  It serves the registry's
    repositories below *prefix*.  *forwards* says whether the registry learns the address that
    clients use; if not, its answers name *target*.  *location* replaces the scheme and the host
    of upload addresses.  *cuts* are the numbers of the bodies that break in their middle.
    *login* is the Authorization that it sends to the registry itself.  *seen* has "METHOD
    /path" and the Authorization of each request.
    """

    target: str
    address: str = ""
    scheme: str = "http"
    most: int | None = None
    prefix: str = ""
    forwards: bool = True
    cuts: frozenset[int] = frozenset()
    bodies: int = 0
    location: str = ""
    login: str = ""
    seen: list[tuple[str, str]] = attrs.field(factory=list)

    def breaks(self, size: int) -> bool:
        """Count a body of *size* bytes; return whether its connection breaks."""
        self.bodies += bool(size)
        return bool(size) and self.bodies in self.cuts

    def lines(self, match: str) -> list[str]:
        """Return the requests that match, oldest first, without their queries."""
        return [line.partition("?")[0] for line, _ in self.seen if re.match(match, line)]


class _Handler(QuietHandler):
    proxy: RegistryProxy

    def handle(self) -> None:
        """Serve a connection; let a client that shows no certificate read why it is refused."""
        try:
            super().handle()
        except ssl.SSLError:
            # A reset would drop the alert.
            time.sleep(0.3)

    def _serve(self) -> None:
        proxy = self.proxy
        authorization = self.headers.get("Authorization", "")
        proxy.seen.append((f"{self.command} {self.path}", authorization))
        size = int(self.headers.get("Content-Length") or 0)
        if proxy.most is not None and size > proxy.most:
            self._answer(413, {"Connection": "close"}, b"<html>413 too large</html>")
            self._drain(size)
        elif proxy.breaks(size):
            self.rfile.read(size // 2)
            self.close_connection = True
        else:
            self._pass_on(self.rfile.read(size))

    def _drain(self, size: int) -> None:
        """Read what the client still sends, so that it can read the answer."""
        self.close_connection = True
        while size > 0 and (chunk := self.rfile.read(min(size, 1 << 16))):
            size -= len(chunk)

    def _pass_on(self, body: bytes) -> None:
        proxy = self.proxy
        path = self.path
        if proxy.prefix:
            path = re.sub(f"^/v2/{re.escape(proxy.prefix)}/", "/v2/", path)
            path = path.replace(f"from={quote(proxy.prefix + '/', safe='')}", "from=")
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("connection", "host")
        }
        if proxy.login:
            headers["Authorization"] = proxy.login
        if proxy.forwards:
            headers |= {"Host": proxy.address, "X-Forwarded-Proto": proxy.scheme}
        upstream = http.client.HTTPConnection(proxy.target, timeout=60)
        try:
            upstream.putrequest(
                self.command, path, skip_host="Host" in headers, skip_accept_encoding=True
            )
            for name, value in headers.items():
                upstream.putheader(name, value)
            # A registry that refuses a login answers before it has read the body.
            with suppress(OSError):
                upstream.endheaders(body or None)
            answer = upstream.getresponse()
            self._answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        proxy = self.proxy
        if status == 202 and proxy.location:
            headers["Location"] = re.sub(
                r"^https?://[^/]+", proxy.location, headers["Location"]
            )
        if status == 202 and proxy.prefix:
            headers["Location"] = headers["Location"].replace("/v2/", f"/v2/{proxy.prefix}/", 1)
        length = headers.get("Content-Length", str(len(body)))
        self.send_response_only(status)
        for name, value in ({**headers, "Content-Length": length}).items():
            if name.lower() != "transfer-encoding":
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve


@contextmanager
def before_registry(
    target: str, host: str, tls: ssl.SSLContext | None = None
) -> Iterator[RegistryProxy]:
    """Run a proxy on a free port of *host*, with TLS if there is a context for it."""
    proxy = RegistryProxy(target, scheme="https" if tls else "http")
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = QuietServer((host, 0), handler)
    if tls:
        # The handshake is made in the connection's own thread.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    proxy.address = f"{host}:{server.server_address[1]}"
    with in_thread(server):
        yield proxy
