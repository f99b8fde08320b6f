"""What a worker may do at a registry, against a server that plays one."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from buildbot_ship.errors import RegistryForbidden, RegistryRefused, RegistryUnavailable
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.request.settings import Credential, Index, RegistryOptions
from buildbot_ship.registry.access import RegistryAccess
from buildbot_ship.registry.index_reader import read_index
from buildbot_ship.registry.interface import FoundLogin
from tests.fakes.http import Request, Response, Server

from .conftest import write_config


def access(*credentials: Credential, **environment: str) -> RegistryAccess:
    return RegistryAccess.of(credentials, RegistryOptions(), environment)


def place(server: Server) -> Repository:
    return Repository(server.address, "team/app")


def test_a_registry_that_wants_a_login_answers_and_tells_its_time(server: Server) -> None:
    server.respond = lambda _: Response(401, headers={"WWW-Authenticate": "Basic"})
    clock = access(Credential(server.address, "me", "pw")).reach(server.address)
    assert clock is not None
    assert abs(clock - time.time()) < 60
    assert [request.headers.get("Authorization") for request in server.requests] == [None]


def test_another_server_is_no_registry(server: Server) -> None:
    server.respond = lambda _: Response(404, b"not here")
    with pytest.raises(RegistryRefused, match="HTTP status 404") as caught:
        access().reach(server.address)
    assert "another server answers here" in caught.value.remedy


def test_nobody_waits_long_for_a_registry_that_is_away() -> None:
    with pytest.raises(RegistryUnavailable, match="connection refused"):
        access().reach("127.0.0.1:1")


def test_a_login_is_found_with_its_source(server: Server, tmp_path: Path) -> None:
    auth = base64.b64encode(b"me:secret").decode()
    write_config(tmp_path, auths={server.address: {"auth": auth}})
    found = access(DOCKER_CONFIG=str(tmp_path)).find_login(server.address)
    assert found == FoundLogin("me", str(tmp_path / "config.json"))
    option = access(Credential(server.address, "you", "pw")).find_login(server.address)
    assert option == FoundLogin("you", "the option credentials")
    assert access().find_login(server.address) is None


def test_a_file_that_cannot_be_read_is_noted(server: Server, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    found = access(DOCKER_CONFIG=str(tmp_path))
    assert found.find_login(server.address) is None
    assert found.notes == [
        f"cannot read {tmp_path / 'config.json'}: ignoring the registry logins in it"
    ]


@pytest.mark.parametrize("status", [400, 415, 422])
def test_who_may_push_hears_that_the_manifest_is_none(server: Server, status: int) -> None:
    server.script = [Response(status, b'{"errors": [{"code": "MANIFEST_INVALID"}]}')]
    access().try_push(place(server))
    (request,) = server.requests
    sent = request.path.rpartition("/")[2]
    assert request.method == "PUT"
    assert request.path.startswith("/v2/team/app/manifests/sha256:")
    # Twice over nothing that can be stored.
    assert sent != digest_of(request.body)
    assert request.body == b"{}"


@pytest.mark.parametrize("status", [201, 404, 405])
def test_any_other_answer_is_no_right_to_push(server: Server, status: int) -> None:
    server.respond = lambda _: Response(status, b'{"errors": [{"message": "read-only"}]}')
    with pytest.raises(RegistryRefused, match="let this worker push to team/app"):
        access().try_push(place(server))


@pytest.mark.parametrize("status", [401, 403])
def test_without_the_right_it_is_forbidden(server: Server, status: int) -> None:
    server.respond = lambda _: Response(status)
    with pytest.raises(RegistryForbidden, match="let this worker push to team/app"):
        access().try_push(place(server))


def read(server: Server, url: str, *credentials: Credential) -> int:
    page, _ = read_index(
        Index(), url, "six", credentials=credentials, environment={}, log=lambda _: None
    )
    assert page.url == url.replace("me:p%40w@", "***@")
    return page.status


def guard(request: Request) -> Response:
    login = "Basic " + base64.b64encode(b"me:p@w").decode()
    if request.headers.get("Authorization") != login:
        return Response(401, headers={"WWW-Authenticate": "Basic"})
    return Response(200, b"{}")


def test_an_index_gets_the_login_of_its_url_or_of_the_credentials(server: Server) -> None:
    server.respond = guard
    assert read(server, f"http://me:p%40w@{server.address}/simple/") == 200
    assert server.lines[-1] == "GET /simple/six/"
    login = Credential(server.address, "me", "p@w")
    assert read(server, f"http://{server.address}/simple", login) == 200
    with pytest.raises(RegistryForbidden):
        read(server, f"http://{server.address}/simple")


def test_an_index_in_plain_http_may_redirect(server: Server) -> None:
    server.script = [Response(301, headers={"Location": "/other/six/"}), Response(200)]
    assert read(server, f"http://{server.address}/simple") == 200
    assert server.lines == ["GET /simple/six/", "GET /other/six/"]


def test_an_index_is_asked_through_the_proxy_of_the_option(server: Server) -> None:
    server.respond = lambda _: Response(200)
    index = Index(proxy=f"http://{server.address}")
    url = "http://index.example.com/simple"
    read_index(index, url, "six", credentials=(), environment={}, log=lambda _: None)
    assert server.lines == ["GET http://index.example.com/simple/six/"]
