"""Redirects: row 38 of the fault matrix, in small."""

from __future__ import annotations

import base64

import pytest

from buildbot_ship.errors import RegistryForbidden, RegistryRefused
from buildbot_ship.model.reference import digest_of
from buildbot_ship.model.request.settings import Credential
from buildbot_ship.registry.http.address import Addresses
from buildbot_ship.registry.http.redirect import resolve, shown
from tests.fakes.http import Request, Response, serving
from tests.unit.registry.conftest import Setting

BLOB = b"blob"
DIGEST = digest_of(BLOB)
SECRET = "s3cret"


def to(location: str, status: int = 307) -> Response:
    return Response(status, headers={"Location": location})


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("file:///etc/passwd?s3cret", r"to file:///etc/passwd, and only http and https"),
        ("ftp://me:s3cret@host/x", r"to ftp://host/x, and only http and https"),
        ("gopher:x", "only http and https"),
        ("/v2/", "in a circle"),
        ("/next?s3cret", "in a circle"),
        ("http:///v2/x", "in a circle"),
        ("https:///x", "without a host"),
        ("http://store.example.com/x?s3cret", "plain http works only on loopback"),
        ("http://10.1.2.3:9000/x", "plain http works only on loopback"),
        ("http://[::1/x", "no URL"),
        ("http://host:99999999/x", "no URL"),
        ("http://host:port/x", "no URL"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_that_leads_nowhere_is_an_error_at_once(
    setting: Setting, location: str, why: str, status: int
) -> None:
    setting.server.respond = lambda _: to(location, status)
    with pytest.raises(RegistryRefused, match=why) as caught:
        setting.client().blob(setting.place, DIGEST)
    assert caught.value.why.startswith(f"it redirects from http://{setting.server.address}/")
    assert len(setting.server.requests) <= 2
    assert setting.pauses == []
    assert SECRET not in f"{caught.value!r}{caught.value}{setting.lines}"


def test_only_a_few_redirects_are_followed(setting: Setting) -> None:
    def respond(request: Request) -> Response:
        return to(f"/{len(setting.server.requests)}?signature={SECRET}")

    setting.server.respond = respond
    with pytest.raises(
        RegistryRefused, match=r"from http://\S+/5 to http://\S+/6, more"
    ) as got:
        setting.client().head(setting.place.tagged("1"))
    assert len(setting.server.requests) == 6
    assert SECRET not in str(got.value)


def test_a_long_address_is_cut_and_printable() -> None:
    text = shown("https://me:pass@host:1/\x1b[" + "x/" * 500 + "?q#f")
    assert text.startswith("https://host:1/ [x/")
    assert text.endswith("...")
    assert len(text) == 203


@pytest.mark.parametrize("location", ["http://store.example.com/x", "http://127.0.0.1/x"])
def test_https_is_never_left_for_plain_http(location: str) -> None:
    with pytest.raises(RegistryRefused, match="from https to plain http"):
        resolve("r.example.com", "serve x", "https://r.example.com/v2/", location, Addresses())


def test_an_upload_obeys_the_same_rules(setting: Setting) -> None:
    setting.server.respond = lambda _: Response(202, headers={"Location": "file:///tmp/x"})
    with pytest.raises(
        RegistryRefused, match="begin an upload to team/app: its upload address is file"
    ):
        setting.client().upload(setting.place, DIGEST, BLOB)
    assert len(setting.server.requests) == 1


def test_another_host_gets_no_login_and_cannot_ask_for_one(setting: Setting) -> None:
    wanted = {"WWW-Authenticate": "Basic"}
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    with serving() as store, serving() as evil:
        bearer = f'Bearer realm="http://{evil.address}/token"'
        store.respond = lambda _: Response(401, headers={"WWW-Authenticate": bearer})
        setting.server.respond = lambda request: (
            to(f"http://{store.address}/blob")
            if request.headers.get("Authorization") == basic
            else Response(401, headers=wanted)
        )
        client = setting.client(Credential(setting.server.address, "me", SECRET))
        with pytest.raises(RegistryForbidden):
            client.blob(setting.place, DIGEST)
        assert len(store.requests) == 1
        assert "Authorization" not in store.requests[0].headers
        assert evil.requests == []


def test_a_redirect_back_to_the_registry_gets_no_login(setting: Setting) -> None:
    with serving() as store:
        back = f"http://{setting.server.address}/v2/secret/app/blobs/x"
        store.respond = lambda _: to(back)
        setting.server.script = [
            Response(401, headers={"WWW-Authenticate": "Basic"}),
            to(f"http://{store.address}/blob"),
            Response(body=BLOB),
        ]
        client = setting.client(Credential(setting.server.address, "me", SECRET))
        assert client.blob(setting.place, DIGEST) == BLOB
    sent = ["Authorization" in request.headers for request in setting.server.requests]
    assert sent == [False, True, False]


def test_a_redirect_of_a_write_is_not_followed(setting: Setting) -> None:
    setting.server.respond = lambda _: to("/elsewhere")
    with pytest.raises(RegistryRefused, match="status 307"):
        setting.client().upload(setting.place, DIGEST, BLOB)
    assert len(setting.server.requests) == 1


def test_a_token_server_that_redirects_is_an_error_at_once(setting: Setting) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="http://{setting.server.address}/token"'}
    setting.server.script = [Response(401, headers=challenge), to("file:///etc/passwd")]
    with pytest.raises(
        RegistryRefused, match="issue a token: its token server answered .* 307"
    ):
        setting.client().head(setting.place.tagged("1"))
    assert setting.pauses == []


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "https://[::1", "ftp://localhost/x"])
def test_the_address_of_a_token_server_is_checked(setting: Setting, realm: str) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    setting.server.script = [Response(401, headers=challenge)]
    with pytest.raises(RegistryRefused, match="token"):
        setting.client().head(setting.place.tagged("1"))
    assert setting.pauses == []


def test_the_connection_to_the_registry_is_used_again_after_a_redirect(
    setting: Setting,
) -> None:
    setting.server.script = [to("/store"), Response(body=BLOB)] * 3
    client = setting.client()
    for _ in range(3):
        assert client.blob(setting.place, DIGEST) == BLOB
    assert len({request.client for request in setting.server.requests}) == 1
