"""Registries that fail for a while, and servers that break the rules of TLS and HTTP."""

from __future__ import annotations

import ssl
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab.authority import Authority

from buildbot_ship.errors import RegistryRefused, RegistryUnavailable
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.request.settings import RegistryOptions
from buildbot_ship.registry.client import RegistryClient
from buildbot_ship.registry.http.metering import Pace
from buildbot_ship.registry.http.retry import RetryPolicy
from tests.engine.guarded import outside_address
from tests.fakes.images import small_image, store_image
from tests.fakes.raw_http import Connection, raw_server

if TYPE_CHECKING:
    from lab.registries import Registry as Served

DIGEST = digest_of(b"blob")


class Outage:
    """A clock that only the pauses move; the registry is back after *seconds*."""

    def __init__(self, registry: Served, seconds: float) -> None:
        self.registry, self.seconds, self.now, self.begun = registry, seconds, 0.0, 0.0
        self.is_down = False

    def begin(self) -> None:
        self.registry.kill()
        self.begun, self.is_down = self.now, True

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.is_down and self.now - self.begun >= self.seconds:
            self.registry.start()
            self.is_down = False


def test_an_outage_of_two_minutes_is_survived_by_every_operation(own_registry: Served) -> None:
    """The registry is real and is killed; only the pauses are not waited for."""
    place = Repository(own_registry.address, f"test-outage/{uuid.uuid4().hex}")
    outage = Outage(own_registry, 120)
    client = RegistryClient(environment={}, sleep=outage.sleep, clock=lambda: outage.now)
    image = small_image("app", uuid.uuid4().bytes)
    outage.begin()
    store_image(client, place.tagged("1"), image)
    outage.begin()
    assert client.head(place.tagged("1")) == image.manifest.digest
    outage.begin()
    assert all(client.blob(place, digest) for digest in image.blobs)
    outage.begin()
    assert client.list_tags(place) == ("1",)
    outage.seconds = 200
    outage.begin()
    try:
        with pytest.raises(RegistryUnavailable, match="connection refused"):
            client.head(place.tagged("1"))
    finally:
        own_registry.start()


def test_https_is_never_left_for_plain_http_nor_is_a_trickle_read_over_tls(
    tmp_path: Path,
) -> None:
    host = outside_address()
    authority = Authority.make(tmp_path, host)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.bundle, authority.key_file)
    plain_heads: list[str] = []

    def respond(connection: Connection) -> None:
        if connection.head.startswith("GET"):
            connection.write(b"HTTP/1.1 307 Moved\r\nContent-Length: 0\r\n")
            connection.write(f"Location: http://{plain.address}/x?s3cret\r\n\r\n".encode())
        else:
            connection.trickle(b"HTTP/1.1 200 OK\r\n" + bytes(1000), 0.05)

    pace = Pace(answer_timeout=0.5)
    policy = RetryPolicy(patience=0, least_attempts=1, pace=pace)
    client = RegistryClient(
        environment={}, options=RegistryOptions(str(authority.bundle)), policy=policy
    )
    with (
        raw_server(lambda c: plain_heads.append(c.head), host) as plain,
        raw_server(respond, host, tls) as secure,
    ):
        place = Repository(secure.address, "team/app")
        with pytest.raises(RegistryRefused, match="from https to plain http") as caught:
            client.blob(place, DIGEST)
        assert "s3cret" not in str(caught.value)
        with pytest.raises(RegistryUnavailable, match=r"it sent \d+ bytes in"):
            client.head(place.tagged("1"))
        assert len(secure.heads) == 2
    assert plain_heads == []


def test_plain_http_where_tls_is_expected_is_an_error_at_once() -> None:
    pauses: list[float] = []
    client = RegistryClient(environment={}, sleep=pauses.append)
    text = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    refused = pytest.raises(RegistryRefused, match="does not speak TLS")
    # A plain server waits for the end of the headers, so this one answers before them.
    with raw_server(lambda _: None, outside_address(), greeting=text) as server:
        place = Repository(server.address, "team/app")
        with refused as caught:
            client.head(place.tagged("1"))
    assert "plain http works only on loopback" in caught.value.remedy
    assert pauses == []
