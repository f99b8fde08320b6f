"""Logins: when, for what, and where they never go."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from buildbot_ship.errors import RegistryForbidden, RegistryRefused
from buildbot_ship.model.reference import Repository, digest_of
from buildbot_ship.model.request.settings import Credential
from buildbot_ship.registry.http.authentication import Challenge, read_challenge
from tests.fakes.http import Request, Response
from tests.unit.registry.conftest import Setting, write_config

SECRET = "pa:ss wörd"
DIGEST = digest_of(b"x")
FOUND = Response(headers={"Docker-Content-Digest": DIGEST})


def basic(username: str, password: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class TokenRegistry:
    """A registry and its token server; tokens are the scopes they were given for."""

    def __init__(self, setting: Setting, lives: int = 300) -> None:
        self.realm = f"http://{setting.server.address}/token"
        self.lives = lives
        self.expired: set[str] = set()
        setting.server.respond = self.respond

    def respond(self, request: Request) -> Response:
        if request.path.startswith("/token"):
            query = parse_qs(urlsplit(request.path).query or request.body.decode())
            token = "|".join(query["scope"])
            return Response(
                body=json.dumps({"token": token, "expires_in": self.lives}).encode()
            )
        token = request.headers.get("Authorization", "")
        if token.startswith("Bearer repository:") and token not in self.expired:
            return FOUND if request.method == "HEAD" else Response(201)
        wanted = f'Bearer realm="{self.realm}",service="here",scope="repository:x:pull"'
        return Response(401, headers={"WWW-Authenticate": wanted})


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (
            'Bearer realm="https://a.example.com/token",service="r, s",scope="a:b:pull,push"',
            Challenge("bearer", "https://a.example.com/token", "r, s"),
        ),
        ('Basic realm="basic-realm"', Challenge("basic")),
        ("bearer realm=https://a/b", Challenge("bearer", "https://a/b")),
        ('Basic realm="x", Bearer realm="https://a/b"', Challenge("bearer", "https://a/b")),
        ("Basic", Challenge("basic")),
        ("Bearer service=x", None),
        ("Negotiate", None),
        ("", None),
    ],
)
def test_challenges_are_read(header: str, challenge: Challenge | None) -> None:
    assert read_challenge(header) == challenge


def test_basic_logins_are_given_only_when_asked_for(setting: Setting) -> None:
    wanted = {"WWW-Authenticate": 'Basic realm="r"'}
    setting.server.script = [FOUND, Response(401, headers=wanted), FOUND, FOUND]
    client = setting.client(Credential(setting.server.address, "me", SECRET))
    for _ in range(3):
        assert client.head(setting.place.tagged("1")) == DIGEST
    sent = [request.headers.get("Authorization") for request in setting.server.requests]
    assert sent == [None, None, basic("me"), basic("me")]


def test_a_wrong_basic_login_is_given_once(setting: Setting) -> None:
    wanted = {"WWW-Authenticate": 'Basic realm="r"'}
    setting.server.respond = lambda _: Response(401, b"no: " + SECRET.encode(), headers=wanted)
    client = setting.client(Credential(setting.server.address, "me", SECRET))
    with pytest.raises(RegistryForbidden) as caught:
        client.head(setting.place.tagged("1"))
    assert len(setting.server.requests) == 2
    assert SECRET not in f"{caught.value!r}{caught.value}{client!r}{setting.lines}"


def test_no_login_is_asked_for_where_there_is_none(setting: Setting) -> None:
    setting.server.respond = lambda _: Response(401, headers={"WWW-Authenticate": "Basic"})
    with pytest.raises(RegistryForbidden, match="not authorised"):
        setting.client().head(setting.place.tagged("1"))
    assert len(setting.server.requests) == 1


def test_a_token_is_fetched_once_for_each_scope(setting: Setting) -> None:
    TokenRegistry(setting)
    client = setting.client(Credential(setting.server.address, "me", SECRET))
    for _ in range(2):
        assert client.head(setting.place.tagged("1")) == DIGEST
    base = Repository(setting.place.registry, "team/base")
    assert client.mount(setting.place, DIGEST, base)
    tokens = [a for a in setting.server.requests if a.path.startswith("/token")]
    assert [parse_qs(urlsplit(a.path).query) for a in tokens] == [
        {"service": ["here"], "scope": ["repository:team/app:pull"]},
        {
            "service": ["here"],
            "scope": ["repository:team/app:pull,push", "repository:team/base:pull"],
        },
    ]
    assert {a.headers["Authorization"] for a in tokens} == {basic("me")}
    others = [a for a in setting.server.requests if not a.path.startswith("/token")]
    assert all(SECRET not in str(a) and basic("me") not in str(a) for a in others)


def test_tokens_are_had_without_a_login(setting: Setting) -> None:
    TokenRegistry(setting)
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert "Authorization" not in setting.server.requests[1].headers


def test_a_token_is_renewed_when_it_expires(setting: Setting) -> None:
    TokenRegistry(setting, lives=100)
    client = setting.client()
    for setting.seconds in (0, 80, 95):
        client.head(setting.place.tagged("1"))
    assert sum(a.path.startswith("/token") for a in setting.server.requests) == 2


def test_a_token_that_is_no_longer_taken_is_renewed_once(setting: Setting) -> None:
    registry = TokenRegistry(setting)
    client = setting.client()
    client.head(setting.place.tagged("1"))
    registry.expired.add("Bearer repository:team/app:pull")
    with pytest.raises(RegistryForbidden):
        client.head(setting.place.tagged("1"))
    assert sum(a.path.startswith("/token") for a in setting.server.requests) == 2
    assert setting.pauses == []


def test_a_token_that_expires_in_the_middle_of_an_upload_is_renewed(setting: Setting) -> None:
    registry = TokenRegistry(setting)
    blob, tokens = b"x" * 300_000, iter(("first", "second"))

    def respond(request: Request) -> Response:
        if request.path.startswith("/token"):
            return Response(body=json.dumps({"token": next(tokens)}).encode())
        token = request.headers.get("Authorization")
        is_taken = token == ("Bearer second" if request.method == "PUT" else "Bearer first")
        if not is_taken:
            challenge = f'Bearer realm="{registry.realm}"'
            return Response(401, headers={"WWW-Authenticate": challenge})
        return Response(201 if request.method == "PUT" else 202, headers={"Location": "/up"})

    setting.server.respond = respond
    digest = digest_of(blob)
    assert setting.client().upload(setting.place, digest, blob) == len(blob)
    assert [request.method for request in setting.server.requests][-3:] == ["PUT", "GET", "PUT"]
    assert setting.server.requests[-1].body == blob
    assert setting.pauses == []


def test_an_identity_token_is_sent_in_a_form(setting: Setting, tmp_path: Path) -> None:
    TokenRegistry(setting)
    entry = {"identitytoken": "t0ken"}
    write_config(tmp_path, auths={setting.server.address: entry})
    client = setting.client(DOCKER_CONFIG=str(tmp_path))
    assert client.head(setting.place.tagged("1")) == DIGEST
    request = setting.server.requests[1]
    assert (request.method, request.path) == ("POST", "/token")
    assert parse_qs(request.body.decode())["refresh_token"] == ["t0ken"]


def test_a_token_server_that_says_no_is_forbidden(setting: Setting) -> None:
    wanted = f'Bearer realm="http://{setting.server.address}/token"'
    setting.server.script = [Response(401, headers={"WWW-Authenticate": wanted}), Response(403)]
    with pytest.raises(RegistryForbidden, match="issue a token"):
        setting.client().head(setting.place.tagged("1"))


def test_a_token_server_that_is_ill_is_waited_for(setting: Setting) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="http://{setting.server.address}/token"'}
    token = Response(body=b'{"access_token": "t"}')
    setting.server.script = [Response(401, headers=challenge), Response(503), token, FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
    assert setting.pauses == [0.5]
    assert setting.server.requests[-1].headers["Authorization"] == "Bearer t"


def test_a_token_server_that_talks_nonsense_is_refused(setting: Setting) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="http://{setting.server.address}/token"'}
    setting.server.script = [Response(401, headers=challenge), Response(body=b"[]")]
    with pytest.raises(RegistryRefused, match="no token"):
        setting.client().head(setting.place.tagged("1"))


def test_a_password_never_goes_to_a_token_server_in_clear(setting: Setting) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://auth.example.com/token"'}
    setting.server.script = [Response(401, headers=challenge)]
    with pytest.raises(RegistryRefused, match="refused to use https for its token server"):
        setting.client(Credential(setting.server.address, "me", SECRET)).head(
            setting.place.tagged("1")
        )


def test_an_upload_to_another_host_gets_no_login(setting: Setting) -> None:
    wanted = {"WWW-Authenticate": "Basic"}
    port = setting.server.address.partition(":")[2]
    elsewhere = Response(202, headers={"Location": f"http://localhost:{port}/up"})
    setting.server.script = [Response(401, headers=wanted), elsewhere, Response(201)]
    client = setting.client(Credential(setting.server.address, "me", SECRET))
    client.upload(setting.place, DIGEST, b"x")
    sent = [request.headers.get("Authorization") for request in setting.server.requests]
    assert sent == [None, basic("me"), None]


def test_a_netrc_file_is_not_read(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "netrc"
    path.write_text("default login me password hidden\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    setting.server.script = [FOUND]
    setting.client().head(setting.place.tagged("1"))
    assert "Authorization" not in setting.server.requests[0].headers


def test_a_proxy_is_not_meant_for_this_machine(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    setting.server.script = [FOUND]
    assert setting.client().head(setting.place.tagged("1")) == DIGEST
