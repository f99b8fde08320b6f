"""Registries that ask for a password, for a token, or for trust in their certificate."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lab.authority import Authority

from tests.engine.private_registry import private_registry
from tests.fakes.http import Request, Response, serving

PASSWORD = "correct horse"
HTPASSWD = "me:$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n"
ME = ("me", PASSWORD)
Keys = tuple[Authority, str]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """The address of a registry that wants a user and a password."""
    path = tmp_path / "htpasswd"
    path.write_text(HTPASSWD)
    with private_registry(
        tmp_path, auth={"htpasswd": {"realm": "here", "path": str(path)}}
    ) as address:
        yield address


@attrs.define
class TokenServer:
    """Gives tokens to *me*: what *may* be done in each repository, and no more."""

    authority: Authority
    address: str = ""
    may: dict[str, set[str]] = attrs.field(factory=dict)
    asked: list[list[str]] = attrs.field(factory=list)

    def respond(self, request: Request) -> Response:
        # Without a scope, a client only logs in.
        scopes = parse_qs(urlsplit(request.path).query).get("scope", [])
        self.asked.append(scopes)
        login = "Basic " + base64.b64encode(":".join(ME).encode()).decode()
        if request.headers.get("Authorization") != login:
            return Response(401)
        access: list[dict[str, object]] = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            granted = sorted(set(actions.split(",")) & self.may.get(name, set()))
            access.append({"type": kind, "name": name, "actions": granted})
        return Response(
            body=json.dumps({"token": self.sign(access), "expires_in": 300}).encode()
        )

    def sign(self, access: list[dict[str, object]]) -> str:
        now = int(time.time())
        claims = {"iss": "tests", "aud": "here", "sub": "me", "access": access, "jti": "1"}
        times = {"iat": now, "nbf": now - 10, "exp": now + 300}
        chain = base64.b64encode(self.authority.certificate.public_bytes(Encoding.DER))
        headers = {"x5c": [chain.decode()]}
        return jwt.encode(claims | times, self.authority.key, "ES256", headers)


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenServer]:
    """A registry that takes tokens, and the server that gives them."""
    server = TokenServer(Authority.make(tmp_path, "127.0.0.1"))
    with serving() as http:
        http.respond = server.respond
        settings = {
            "realm": f"http://{http.address}/token",
            "service": "here",
            "issuer": "tests",
            "rootcertbundle": str(server.authority.bundle),
        }
        with private_registry(tmp_path, auth={"token": settings}) as server.address:
            yield server


def outside_address() -> str:
    """Return an address of this machine that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Keys]:
    """A registry over TLS, where plain http would not be spoken."""
    host = outside_address()
    authority = Authority.make(tmp_path, host)
    with private_registry(tmp_path, host=host, http={"tls": authority.settings}) as address:
        yield authority, address
