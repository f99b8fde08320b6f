"""Authentication at registries: none, basic, or a bearer token for a scope.

Formats: RFC 9110 (section 11.6.1) and
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import attrs

from ...errors import RegistryForbidden, RegistryRefused
from ...model.reference import Repository
from .address import is_loopback
from .credentials import Keychain, Login
from .retry import Fault

_SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?:\s+|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@attrs.frozen
class Challenge:
    """What a registry wants: ``basic``, or ``bearer`` with a token from *realm* (a URL)."""

    scheme: str
    realm: str = ""
    service: str = ""


def read_challenge(header: str) -> Challenge | None:
    """Return the challenge in *header*, a bearer one first; None when we know none of it."""
    parts = _SCHEME.split(header)[1:]
    found = {
        scheme.lower(): {name.lower(): quoted or plain for name, quoted, plain in pairs}
        for scheme, pairs in zip(parts[::2], map(_PARAMETER.findall, parts[1::2]), strict=True)
    }
    bearer = found.get("bearer")
    if bearer and bearer.get("realm"):
        return Challenge("bearer", bearer["realm"], bearer.get("service", ""))
    return Challenge("basic") if "basic" in found else None


_SHORTEST = 60
"""Seconds that a token lives when its server does not say."""


def pull_scope(repository: Repository) -> str:
    """Return the token scope for reading."""
    return f"repository:{repository.path}:pull"


def push_scope(repository: Repository) -> str:
    """Return the token scope for writing."""
    return f"repository:{repository.path}:pull,push"


def cancel_scope(repository: Repository) -> str:
    """Return the token scope for ending an upload that was begun."""
    return f"repository:{repository.path}:delete"


@attrs.frozen
class TokenAnswer:
    """What a token server said."""

    status: int
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class TokenQuery:
    """A request to a token server: GET with *fields* as query, or POST with a form."""

    registry: str
    realm: str
    fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    authorization: str | None = attrs.field(repr=False)
    post: bool


@attrs.frozen
class _Token:
    header: str = attrs.field(repr=False)
    until: float


def _basic(login: Login) -> str:
    pair = f"{login.username}:{login.secret}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


@attrs.frozen
class Authenticator:
    """The logins and tokens of one client.

    *fetch* asks a token server and raises Fault; *clock* gives seconds that never jump.
    """

    keychain: Keychain
    fetch: Callable[[TokenQuery], TokenAnswer] = attrs.field(repr=False)
    clock: Callable[[], float] = attrs.field(repr=False)
    _logins: dict[str, Login | None] = attrs.field(factory=dict, init=False, repr=False)
    _challenges: dict[str, Challenge] = attrs.field(factory=dict, init=False, repr=False)
    _tokens: dict[tuple[str, tuple[str, ...]], _Token] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def header(self, registry: str, scopes: tuple[str, ...]) -> str | None:
        """Return the Authorization header that *registry* wants, as far as it is known.

        Raises Fault, RegistryForbidden, RegistryRefused.
        """
        challenge = self._challenges.get(registry)
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            login = self._login(registry)
            return _basic(login) if login else None
        token = self._tokens.get((registry, scopes))
        if token is None or token.until <= self.clock():
            token = self._new_token(registry, challenge, scopes)
            self._tokens[registry, scopes] = token
        return token.header

    def accept(self, registry: str, scopes: tuple[str, ...], wanted: str) -> bool:
        """Take in the WWW-Authenticate header *wanted* of a 401 answer.

        Return False when there is nothing that another attempt could offer.
        """
        challenge = read_challenge(wanted)
        if challenge is None or (challenge.scheme == "basic" and not self._login(registry)):
            return False
        self._challenges[registry] = challenge
        self._tokens.pop((registry, scopes), None)
        return True

    def _login(self, registry: str) -> Login | None:
        if registry not in self._logins:
            self._logins[registry] = self.keychain.find(registry)
        return self._logins[registry]

    def _new_token(
        self, registry: str, challenge: Challenge, scopes: tuple[str, ...]
    ) -> _Token:
        asked = self.clock()
        _check_realm(registry, challenge.realm)
        answer = self.fetch(_query(registry, challenge, scopes, self._login(registry)))
        if answer.status in (400, 401, 403):
            raise RegistryForbidden(registry, "give a token")
        if answer.status != 200:
            raise Fault(f"its token server answered {answer.status}")
        return _read_token(registry, answer.body, asked)


def _check_realm(registry: str, realm: str) -> None:
    """Raise RegistryRefused where a password would travel in clear."""
    parts = urlsplit(realm)
    if parts.scheme != "https" and not is_loopback(parts.netloc):
        raise RegistryRefused(
            registry,
            "name a safe token server",
            f"{parts.scheme}://{parts.hostname} is not https",
        )


def _query(
    registry: str, challenge: Challenge, scopes: tuple[str, ...], login: Login | None
) -> TokenQuery:
    service = (("service", challenge.service),) if challenge.service else ()
    if login and login.identity:
        form = (
            *service,
            ("grant_type", "refresh_token"),
            ("client_id", "buildbot-ship"),
            ("refresh_token", login.secret),
            ("scope", " ".join(scopes)),
        )
        return TokenQuery(registry, challenge.realm, form, None, post=True)
    fields = (*service, *(("scope", scope) for scope in scopes))
    authorization = _basic(login) if login else None
    return TokenQuery(registry, challenge.realm, fields, authorization, post=False)


def _read_token(registry: str, body: bytes, asked: float) -> _Token:
    try:
        said: Any = json.loads(body)
        token = said.get("token") or said["access_token"]
        lives = float(said.get("expires_in") or _SHORTEST)
    except (ValueError, KeyError, TypeError, AttributeError):
        why = "its token server's answer is no token"
        raise RegistryRefused(registry, "give a token", why) from None
    # A tenth less: the token travels, and clocks differ.
    return _Token(f"Bearer {token}", asked + lives * 0.9)
