"""Servers that answer too slowly or without end: row 37 of the fault matrix, in small."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Callable

import pytest

from buildbot_ship.errors import LimitExceeded, RegistryRefused, RegistryUnavailable, ShipError
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.http.metering import Meter, Pace, SlowAnswer
from buildbot_ship.registry.http.retry import RetryPolicy
from tests.fakes.http import Response, serving
from tests.fakes.raw_http import Connection, raw_server

OK = b"HTTP/1.1 200 OK\r\n"
CLOSE = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
QUICK = Pace(answer_timeout=0.4, window=0.4, window_bytes=100_000, read_timeout=0.3)
BLOB = bytes(range(256)) * 4000
DIGEST = digest_of(BLOB)


def client(pace: Pace = QUICK, *, attempts: int = 2) -> RegistryClient:
    policy = RetryPolicy(patience=0, least_attempts=attempts, pace=pace)
    return RegistryClient(environment={}, policy=policy, sleep=lambda _: None)


def announced(*headers: str, size: int = 1000) -> bytes:
    lines = "".join(f"{header}\r\n" for header in (*headers, f"Content-Length: {size}"))
    return OK + lines.encode() + b"\r\n"


def slow_body(connection: Connection) -> None:
    connection.write(announced())
    connection.trickle(bytes(1000), 0.05)


def slow_status(connection: Connection) -> None:
    connection.trickle(OK + bytes(1000), 0.05)


def slow_chunks(connection: Connection) -> None:
    connection.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    connection.trickle(b"1\r\nx\r\n" * 1000, 0.05, step=6)


def slow_continues(connection: Connection) -> None:
    connection.trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.05, step=25)


def silent(connection: Connection) -> None:
    connection.over.wait(5)


@pytest.mark.parametrize(
    ("respond", "why"),
    [
        (slow_body, r"it sent \d+ bytes in 0 seconds"),
        (slow_status, r"it sent \d+ bytes in 0 seconds"),
        (slow_chunks, r"it sent \d+ bytes in 0 seconds"),
        (slow_continues, r"it sent \d+ bytes in 0 seconds"),
        (silent, "it sent 0 bytes in 0 seconds"),
    ],
)
def test_a_small_answer_has_a_deadline_as_a_whole(
    respond: Callable[[Connection], None], why: str
) -> None:
    begun = time.monotonic()
    with raw_server(respond) as server:
        with pytest.raises(RegistryUnavailable, match=why + r" \(2 attempts\)"):
            client().manifest(Repository(server.address, "team/app").tagged("1"))
        assert len(server.heads) == 2
    assert time.monotonic() - begun < 3


def test_redirects_and_their_answers_share_one_deadline() -> None:
    def respond(connection: Connection) -> None:
        connection.write(f"HTTP/1.1 307 Moved\r\nLocation: /{len(server.heads)}\r\n".encode())
        connection.trickle(b"X: 1\r\n" + CLOSE, 0.15, step=40)

    with raw_server(respond) as server:
        with pytest.raises(RegistryUnavailable, match=r"it sent \d+ bytes"):
            client(attempts=1).head(Repository(server.address, "team/app").tagged("1"))
        assert 1 < len(server.heads) < 5


def endless_continues(connection: Connection) -> None:
    connection.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def endless_headers(connection: Connection) -> None:
    connection.write(OK)
    connection.flood(b"X-Filler: " + b"x" * 60_000 + b"\r\n")


def endless_header(connection: Connection) -> None:
    connection.write(OK)
    connection.flood(b"x" * 60_000)


@pytest.mark.parametrize("respond", [endless_continues, endless_headers, endless_header])
def test_headers_without_end_are_cut(respond: Callable[[Connection], None]) -> None:
    begun = time.monotonic()
    with raw_server(respond) as server, pytest.raises(RegistryUnavailable):
        client(Pace()).head(Repository(server.address, "team/app").tagged("1"))
    assert time.monotonic() - begun < 3


def endless_body(connection: Connection) -> None:
    connection.write(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    connection.flood(b"10000\r\n" + bytes(0x10000) + b"\r\n")


def gzip_bomb(connection: Connection) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(bytes(64 * 1024**2)) + packer.flush()
    connection.write(announced("Content-Encoding: gzip", size=len(bomb)) + bomb)


@pytest.mark.parametrize("respond", [endless_body, gzip_bomb])
def test_bodies_without_end_are_cut(respond: Callable[[Connection], None]) -> None:
    with raw_server(respond) as server:
        place = Repository(server.address, "team/app")
        with pytest.raises(LimitExceeded, match="4 MiB"):
            client(Pace()).manifest(place.tagged("1"))
        with pytest.raises(LimitExceeded, match="16 MiB"):
            client(Pace()).blob(place, DIGEST)
        with pytest.raises(RegistryRefused, match="not a list of tags"):
            client(Pace()).list_tags(place)


def test_the_endless_body_of_a_redirect_is_not_read() -> None:
    def respond(connection: Connection) -> None:
        location = b"" if "/next" in connection.head else b"Location: /next\r\n"
        connection.write(b"HTTP/1.1 307 Moved\r\n" + location)
        connection.write(b"Transfer-Encoding: chunked\r\n\r\n")
        connection.flood(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    begun = time.monotonic()
    with raw_server(respond) as server:
        with pytest.raises(RegistryRefused, match="status 307"):
            client(Pace()).manifest(Repository(server.address, "team/app").tagged("1"))
        assert len(server.heads) == 2
        with pytest.raises(RegistryRefused, match="status 307"):
            client(Pace()).blob(Repository(server.address, "team/app"), DIGEST)
    assert time.monotonic() - begun < 3


def test_an_encoding_that_was_not_asked_for_is_refused_at_once() -> None:
    def respond(connection: Connection) -> None:
        connection.write(announced("Content-Encoding: br", size=3) + b"abc")

    with raw_server(respond) as server:
        with pytest.raises(RegistryRefused, match="encoding 'br'"):
            client().manifest(Repository(server.address, "team/app").tagged("1"))
        assert len(server.heads) == 1


def test_a_body_shorter_than_announced_is_retried() -> None:
    def respond(connection: Connection) -> None:
        connection.write(announced(size=len(BLOB)) + BLOB[: 1000 * len(server.heads)])

    late = pytest.raises(RegistryUnavailable, match="2 attempts")
    with raw_server(respond) as server, late:
        client().blob(Repository(server.address, "team/app"), DIGEST)


def test_a_download_below_the_minimum_rate_ends_and_one_above_it_goes_on() -> None:
    speed = 0.01

    def respond(connection: Connection) -> None:
        connection.write(announced(size=len(BLOB)))
        connection.trickle(BLOB, speed, step=16_000)

    with raw_server(respond) as server:
        place = Repository(server.address, "team/app")
        # It takes longer than one window.
        assert client().blob(place, DIGEST) == BLOB
        speed = 0.2
        with pytest.raises(RegistryUnavailable, match=r"it moved \d+ bytes in 0 seconds"):
            client(attempts=1).blob(place, DIGEST)


def test_an_upload_that_is_not_taken_ends() -> None:
    def respond(connection: Connection) -> None:
        if connection.head.startswith("POST"):
            connection.write(b"HTTP/1.1 202 Accepted\r\nLocation: /up\r\n" + CLOSE)
        elif connection.head.startswith("HEAD"):
            connection.write(b"HTTP/1.1 404 Not Found\r\n" + CLOSE)
        # The second attempt sends parts.
        while connection.head.startswith(("PUT", "PATCH")) and not connection.over.wait(0.05):
            connection.socket.recv(4096)

    blob = bytes(40_000_000)
    begun = time.monotonic()
    late = pytest.raises(RegistryUnavailable, match=r"took no bytes before|it moved \d+ bytes")
    with raw_server(respond) as server, late:
        client().upload(Repository(server.address, "team/app"), digest_of(blob), blob)
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("is_slow", [True, False])
def test_a_token_server_has_the_same_limits(is_slow: bool) -> None:
    def respond(connection: Connection) -> None:
        if is_slow:
            slow_body(connection)
        else:
            connection.write(announced(size=6) + b"<html>")

    with raw_server(respond) as tokens, serving() as registry:
        challenge = {"WWW-Authenticate": f'Bearer realm="http://{tokens.address}/token"'}
        registry.respond = lambda _: Response(401, headers=challenge)
        expected: type[ShipError] = RegistryUnavailable if is_slow else RegistryRefused
        with pytest.raises(expected, match="it sent" if is_slow else "has no token"):
            client().head(Repository(registry.address, "team/app").tagged("1"))
        assert len(tokens.heads) == (2 if is_slow else 1)


def test_json_that_is_nested_too_deeply_is_no_traceback() -> None:
    with serving() as registry:
        registry.respond = lambda _: Response(body=b"[" * 60_000)
        place = Repository(registry.address, "team/app")
        with pytest.raises(RegistryRefused):
            client().manifest(place.tagged("1"))
        with pytest.raises(RegistryRefused):
            client().list_tags(place)
        registry.respond = lambda _: Response(400, b"[" * 60_000)
        with pytest.raises(RegistryRefused, match="status 400"):
            client().head(place.tagged("1"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_blob_may_take_any_time_above_the_minimum_rate() -> None:
    meter = Meter(Pace(window=60, window_bytes=1000, read_timeout=50), Clock())
    meter.begin_blob()
    for _ in range(12 * 800):
        assert meter.allowance() > 0
        meter.add(100, 5)
    for _ in range(11):
        meter.allowance()
        meter.add(80, 5)
    meter.add(80, 5)
    with pytest.raises(SlowAnswer, match="it moved 960 bytes in 60 seconds"):
        meter.allowance()


class Source(io.RawIOBase):
    """Delivers one byte in ten seconds."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self.clock.now += 10
        return 1


def test_the_time_that_the_caller_takes_does_not_count() -> None:
    clock = Clock()
    meter, source = Meter(Pace(answer_timeout=50), clock), Source(clock)
    for _ in range(5):
        meter.allowance()
        meter.read(source, bytearray(10))
        clock.now += 1000
    with pytest.raises(SlowAnswer, match="it sent 5 bytes in 50 seconds"):
        meter.allowance()


def test_an_upload_counts_the_time_in_the_connection() -> None:
    clock = Clock()
    sending = Meter(Pace(), clock).send(iter([b"x"] * 10))
    for _ in range(3):
        next(sending)
        clock.now += 20
    with pytest.raises(SlowAnswer, match="it moved 3 bytes in 60 seconds"):
        next(sending)
