"""Authentication at registries: none, basic, or a bearer token.

Formats: RFC 9110 (section 11.6.1) and
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import attrs

from ...errors import RegistryForbidden, RegistryRefused
from ...model.json_text import read_json
from ...model.reference import Repository
from .address import Addresses
from .credentials import Keychain, Login
from .response import may_succeed_later
from .retry import RetryableFault

_SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?:\s+|$)", re.IGNORECASE)
# Only at the start of a word, or the time grows with the square of its length.
_PARAMETER = re.compile(r'(?<!\w)(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@attrs.frozen
class Challenge:
    """The scheme that a registry requires: ``basic``, or ``bearer`` with a token from *realm*.

    *realm* is the URL of the token server.
    """

    scheme: str
    realm: str = ""
    service: str = ""


def read_challenge(header: str) -> Challenge | None:
    """Return the challenge in a WWW-Authenticate *header*, or None if no scheme is supported.

    Bearer takes precedence over basic.
    """
    parts = _SCHEME.split(header)[1:]
    challenges = {
        scheme.lower(): {name.lower(): quoted or plain for name, quoted, plain in pairs}
        for scheme, pairs in zip(parts[::2], map(_PARAMETER.findall, parts[1::2]), strict=True)
    }
    bearer = challenges.get("bearer")
    if bearer and bearer.get("realm"):
        return Challenge("bearer", bearer["realm"], bearer.get("service", ""))
    return Challenge("basic") if "basic" in challenges else None


ISSUE_TOKEN = "issue a token"  # noqa: S105  # it completes "registry X refused to ..."
_DEFAULT_LIFETIME = 60
"""Seconds that a token is valid if its server does not state it."""


def pull_scope(repository: Repository) -> str:
    """Return the token scope for a pull."""
    return f"repository:{repository.path}:pull"


def push_scope(repository: Repository) -> str:
    """Return the token scope for a push."""
    return f"repository:{repository.path}:pull,push"


def cancel_scope(repository: Repository) -> str:
    """Return the token scope for cancelling an upload."""
    return f"repository:{repository.path}:delete"


@attrs.frozen
class TokenAnswer:
    """The answer of a token server; *retry_after* is the pause in seconds that it asks for."""

    status: int
    body: bytes = attrs.field(repr=False)
    retry_after: float | None = None


@attrs.frozen
class TokenQuery:
    """A request to a token server; *post* sends *fields* as a form, not as a query."""

    registry: str
    realm: str
    fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    authorization: str | None = attrs.field(repr=False)
    post: bool


@attrs.frozen
class _Token:
    header: str = attrs.field(repr=False)
    expires: float


def _basic(login: Login) -> str:
    pair = f"{login.username}:{login.secret}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


@attrs.frozen
class Authenticator:
    """The logins and tokens of one client.

    *fetch* sends a query to a token server and may raise RetryableFault.  *clock* returns
    monotonic seconds.
    """

    keychain: Keychain
    fetch: Callable[[TokenQuery], TokenAnswer] = attrs.field(repr=False)
    clock: Callable[[], float] = attrs.field(repr=False)
    addresses: Addresses = attrs.field(factory=Addresses)
    _logins: dict[str, Login | None] = attrs.field(factory=dict, init=False, repr=False)
    _challenges: dict[str, Challenge] = attrs.field(factory=dict, init=False, repr=False)
    _tokens: dict[tuple[str, tuple[str, ...]], _Token] = attrs.field(
        factory=dict, init=False, repr=False
    )

    def header(self, registry: str, scopes: tuple[str, ...]) -> str | None:
        """Return the Authorization header for *registry*, or None before its first challenge.

        Raises RetryableFault, RegistryForbidden, RegistryRefused.
        """
        challenge = self._challenges.get(registry)
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            login = self._login(registry)
            return _basic(login) if login else None
        token = self._tokens.get((registry, scopes))
        if token is None or token.expires <= self.clock():
            token = self._request_token(registry, challenge, scopes)
            self._tokens[registry, scopes] = token
        return token.header

    def accept(self, registry: str, scopes: tuple[str, ...], www_authenticate: str) -> bool:
        """Remember the challenge in the WWW-Authenticate header of a 401 answer.

        Return False if there is no login for it, so that a second request cannot help.
        """
        challenge = read_challenge(www_authenticate)
        if challenge is None or (challenge.scheme == "basic" and not self._login(registry)):
            return False
        self._challenges[registry] = challenge
        self._tokens.pop((registry, scopes), None)
        return True

    def _login(self, registry: str) -> Login | None:
        if registry not in self._logins:
            self._logins[registry] = self.keychain.find(registry)
        return self._logins[registry]

    def _request_token(
        self, registry: str, challenge: Challenge, scopes: tuple[str, ...]
    ) -> _Token:
        requested = self.clock()
        _check_realm(registry, challenge.realm, self.addresses)
        answer = self.fetch(_query(registry, challenge, scopes, self._login(registry)))
        if answer.status in (400, 401, 403):
            raise RegistryForbidden(registry, ISSUE_TOKEN)
        if answer.status != 200:
            why = f"its token server answered with HTTP status {answer.status}"
            if may_succeed_later(answer.status):
                raise RetryableFault(why, answer.retry_after)
            raise RegistryRefused(registry, ISSUE_TOKEN, why)
        return _read_token(registry, answer.body, requested)


def _check_realm(registry: str, realm: str, addresses: Addresses) -> None:
    """Raise RegistryRefused if a password would travel unencrypted."""
    try:
        parts = urlsplit(realm)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and addresses.is_plain(parts.netloc)
        )
        # Clients disagree on where the host of a URL with a backslash ends.
        if not parts.hostname or set("\\ ") & set(realm) or not realm.isprintable():
            raise ValueError
    except ValueError:
        raise RegistryRefused(
            registry, ISSUE_TOKEN, "the address of its token server is no URL"
        ) from None
    if not is_safe:
        raise RegistryRefused(
            registry,
            "use https for its token server",
            f"its address is {parts.scheme}://{parts.hostname}",
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


def _read_token(registry: str, body: bytes, requested: float) -> _Token:
    try:
        answer: Any = read_json(body)
        token = answer.get("token") or answer["access_token"]
        lifetime = float(answer.get("expires_in") or _DEFAULT_LIFETIME)
        # It becomes a header.
        if not (isinstance(token, str) and token.isascii() and token.isprintable()):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        why = "the answer of its token server has no token"
        raise RegistryRefused(registry, ISSUE_TOKEN, why) from None
    # A tenth less: the token travels, and clocks differ.
    return _Token(f"Bearer {token}", requested + lifetime * 0.9)
