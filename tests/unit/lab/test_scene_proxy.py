"""The proxy of the fault matrix fails as it is told, and only then."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest
from lab.scene.faults import Proxy
from lab.scene.proxy import proxying

from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.request.settings import Credential
from buildbot_ship.registry.client import RegistryClient
from tests.fakes.http import Request, Response, Server, serving

BLOB = bytes(300_000)
DIGEST = digest_of(BLOB)


@pytest.fixture
def server() -> Iterator[Server]:
    def respond(request: Request) -> Response:
        if request.method == "POST":
            return Response(202, headers={"Location": "/v2/team/app/blobs/uploads/1"})
        return Response(201 if request.method == "PUT" else 404)

    with serving() as server:
        server.respond = respond
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with proxying(server.address, "me:s3cret") as proxy:
        yield proxy


def upload(proxy: Proxy) -> int:
    client = RegistryClient(
        (Credential(proxy.address, "me", "s3cret"),), environment={}, sleep=lambda _: None
    )
    return client.upload(Repository(proxy.address, "team/app"), DIGEST, BLOB)


def test_what_does_not_fail_goes_to_the_server_and_back(proxy: Proxy, server: Server) -> None:
    assert upload(proxy) == len(BLOB)
    put = server.requests[-1]
    assert (put.method, put.body) == ("PUT", BLOB)
    assert "Authorization" not in put.headers


def test_a_fault_is_for_requests_that_are_logged_in(proxy: Proxy) -> None:
    fault = proxy.fail("POST", status=500)
    assert upload(proxy) == len(BLOB)
    assert fault.fired == 1
    assert [seen.authorization[:5] for seen in proxy.seen][:3] == ["", "Basic", "Basic"]


def test_an_upload_is_cut_after_so_many_bytes(proxy: Proxy, server: Server) -> None:
    calls: list[int] = []
    proxy.fail("PUT", cut_upload=1 << 16, hook=lambda: calls.append(1), hook_after=1)
    assert upload(proxy) == len(BLOB)
    cut, whole = (request.body for request in server.requests if request.method == "PUT")
    assert len(cut) < len(whole)
    assert whole == BLOB
    assert calls == [1]


def test_a_token_expires(proxy: Proxy) -> None:
    proxy.bearer = True
    proxy.fail("PUT", expire=True)
    assert upload(proxy) == len(BLOB)
    puts = [seen.authorization for seen in proxy.seen if seen.method == "PUT"]
    assert len(set(puts)) == 2
    assert len(proxy.lines("GET /token")) == 2


def test_a_body_in_chunks_goes_on_in_chunks(proxy: Proxy) -> None:
    proxy.login = ""
    connection = http.client.HTTPConnection(proxy.address)
    headers = {"Transfer-Encoding": "chunked"}
    for _ in range(2):
        body = iter([BLOB, b"the end"])
        connection.request("PATCH", "/x", body, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 404
        answer.read()
    connection.close()
