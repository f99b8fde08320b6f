"""A proxy on loopback, before a registry, that counts the bytes which the registry is sent.

Everything that clients send counts, headers and questions too, whoever the client is. The
registry takes the proxy's address for its own: the Host header goes through as it is.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from lab.ports import LOOPBACK

CHUNK = 1 << 16


class Counter:
    """A running proxy; *sent* is what the registry got since the last `reset`."""

    def __init__(self, target: int) -> None:
        """Take the registry's port on loopback."""
        self.target = target
        self.sent = 0
        self.port = 0

    @property
    def address(self) -> str:
        """Return host and port, the first part of references."""
        return f"{LOOPBACK}:{self.port}"

    def reset(self) -> None:
        """Begin to count from nothing."""
        self.sent = 0

    async def serve(self, ready: threading.Event, end: asyncio.Event) -> None:
        """Forward connections until the end."""
        server = await asyncio.start_server(self._forward, LOOPBACK, 0)
        self.port = int(server.sockets[0].getsockname()[1])
        ready.set()
        await end.wait()
        server.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            answers, target = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            # As a registry that is down would: the client sees its connection end.
            writer.close()
            return
        await asyncio.gather(
            self._copy(reader, target, counts=True), self._copy(answers, writer, counts=False)
        )

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                if counts:
                    self.sent += len(chunk)
                writer.write(chunk)
                await writer.drain()
        with suppress(ConnectionError, OSError):
            writer.close()
            await writer.wait_closed()


@contextmanager
def counting(target: int) -> Iterator[Counter]:
    """Have a proxy before the registry on the loopback port *target*."""
    counter, ready = Counter(target), threading.Event()
    stop: list[Callable[[], object]] = []

    async def work() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(end.set))
        # Connections that are still open end with the loop: nobody uses them again.
        await counter.serve(ready, end)

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    if not ready.wait(10):
        raise OSError("the counting proxy did not start")
    try:
        yield counter
    finally:
        stop[0]()
        thread.join(10)
