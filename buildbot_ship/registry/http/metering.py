"""Deadlines for whole answers, and a minimum rate for uploads and downloads.

A read timeout limits one wait for bytes, so an answer that trickles in never reaches it.  A
`Meter` therefore counts the bytes and the seconds of one answer.  `MeteredAdapter` makes
connections whose reads and writes obey the meter that is set with `metered`.  It uses only
public hooks: ``pool_classes_by_scheme`` of urllib3 and ``response_class`` of http.client.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

import attrs
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_HEADER_LIMIT = 1024**2
"""Bytes of one answer before its body, interim answers (1xx) included."""


class SlowAnswer(TimeoutError):
    """The other side was too slow; the text says how slow, without a URL."""


@attrs.frozen
class Pace:
    """How slow an answer may be; times are in seconds.

    A small answer, with the redirects and the login before it, must be complete within
    *answer_timeout*.  A blob must move *window_bytes* in every *window*.  *read_timeout* limits
    one wait for bytes.
    """

    answer_timeout: float = 60.0
    window: float = 60.0
    window_bytes: int = 600 * 1024
    read_timeout: float = 60.0


@attrs.define
class Meter:
    """The bytes of one answer and the seconds of one call, or those of one window of a blob.

    Only time that is spent on waiting counts, so a caller may be slow.
    """

    pace: Pace
    clock: Callable[[], float] = time.monotonic
    is_blob: bool = False
    in_headers: bool = False
    size: int = 0
    waited: float = 0.0

    def begin_answer(self) -> None:
        """Count the bytes of the next answer of the same call; its time goes on."""
        self.is_blob, self.in_headers, self.size = False, True, 0

    def begin_blob(self) -> None:
        """Count the bytes and the seconds of a window from zero."""
        self.is_blob, self.in_headers = True, False
        self.size, self.waited = 0, 0.0

    def allowance(self) -> float:
        """Return how long the next read may wait.  Raises SlowAnswer if its time is over."""
        if self.in_headers and self.size > _HEADER_LIMIT:
            raise SlowAnswer(f"it sent {self.size} bytes of headers")
        if self.is_blob and self.size >= self.pace.window_bytes:
            return self.pace.read_timeout
        limit = self.pace.window if self.is_blob else self.pace.answer_timeout
        if self.waited >= limit:
            raise self._slow("moved" if self.is_blob else "sent")
        return min(self.pace.read_timeout, limit - self.waited)

    def add(self, size: int, seconds: float) -> None:
        """Count *size* bytes that took *seconds*."""
        self.size += size
        self.waited += seconds
        enough = self.size >= self.pace.window_bytes
        if self.is_blob and enough and self.waited >= self.pace.window:
            self.begin_blob()

    def send(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield *chunks* to a connection.  Raises SlowAnswer if it takes them too slowly."""
        self.begin_blob()
        for chunk in chunks:
            begun = self.clock()
            yield chunk
            self.add(len(chunk), self.clock() - begun)
            self.allowance()

    def read(self, source: io.RawIOBase, into: Any) -> int | None:
        """Read once, and count it.  Raises SlowAnswer if nothing came in time."""
        begun = self.clock()
        try:
            size = cast("int | None", source.readinto(into))
        except TimeoutError:
            self.waited += self.clock() - begun
            raise self._slow("moved" if self.is_blob else "sent") from None
        self.add(size or 0, self.clock() - begun)
        return size

    def _slow(self, verb: str) -> SlowAnswer:
        unit = "byte" if self.size == 1 else "bytes"
        return SlowAnswer(f"it {verb} {self.size} {unit} in {self.waited:.0f} seconds")


_CURRENT: ContextVar[Meter | None] = ContextVar("meter of the current request", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Use *meter* for the requests that this thread sends meanwhile, and for their answers."""
    token = _CURRENT.set(meter)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class _Reader(io.RawIOBase):
    """The receiving side of a socket, which obeys a meter."""

    def __init__(self, sock: socket.socket, meter: Meter) -> None:
        self._socket, self._meter = sock, meter
        self._source = cast(io.RawIOBase, sock.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._meter.allowance())
        return self._meter.read(self._source, buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


@attrs.frozen
class _Socket:
    """The part of a socket that http.client needs to read an answer."""

    socket: socket.socket
    meter: Meter

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self.socket, self.meter))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
        meter = _CURRENT.get()
        if meter is not None:
            meter.begin_answer()
            sock = cast(socket.socket, _Socket(sock, meter))
        super().__init__(sock, *args, **more)

    def begin(self) -> None:
        super().begin()
        meter = _CURRENT.get()
        if meter is not None:
            meter.in_headers = False


class _Sending(HTTPConnection):
    """A connection that waits as long for a slow receiver as for a slow sender."""

    response_class = _Response

    def send(self, data: Any) -> None:
        """Send *data*; without this, the short timeout of connecting would apply."""
        meter = _CURRENT.get()
        if meter is not None and self.sock is not None:
            self.sock.settimeout(meter.pace.read_timeout)
        super().send(data)


class _Plain(HTTPConnectionPool):
    ConnectionCls = _Sending


class _SecureConnection(_Sending, HTTPSConnection):
    pass


class _Secure(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class MeteredAdapter(HTTPAdapter):
    """An adapter of requests whose connections obey `metered`."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **more)
        _use_metered_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
        """Return the pools of connections through *proxy*."""
        manager = super().proxy_manager_for(proxy, **more)
        if not str(proxy).lower().startswith("socks"):
            _use_metered_pools(manager)
        return manager


def _use_metered_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Plain, "https": _Secure}
