"""Send requests to registries, with authentication, redirects, deadlines and retries."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import attrs
import requests
from requests.auth import AuthBase

from ...errors import RegistryRefused
from ...model.log import Log
from ...model.secrets.cut_text import shorten
from .address import Addresses
from .authentication import ISSUE_TOKEN, Authenticator, TokenAnswer, TokenQuery
from .certificates import Certificates, Sessions
from .connection_errors import translated_errors
from .credentials import Keychain
from .metering import Meter, metered
from .redirect import Redirects
from .response import Answer, Call, check
from .retry import Retries, RetryPolicy, Sleep, read_retry_after

CHUNK = 1 << 18
"""Bytes that are read or sent at a time."""
# 256 bytes of gzip hold at most 256 KiB: an answer must not fill the memory.
_SIZES = {"": CHUNK, "identity": CHUNK, "gzip": 1 << 8, "x-gzip": 1 << 8, "deflate": 1 << 8}


class _Authorization(AuthBase):
    """Set the Authorization header, or none; this keeps requests from reading ~/.netrc."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


class Transport:
    """The connections of one client; *clock* is in monotonic seconds, *sleep* takes seconds."""

    def __init__(
        self,
        keychain: Keychain,
        *,
        policy: RetryPolicy,
        sleep: Sleep,
        clock: Callable[[], float],
        addresses: Addresses,
        certificates: Certificates,
        log: Log,
        proxy: str | None = None,
    ) -> None:
        """Open no connection yet."""
        self.keychain = keychain
        self._auth = Authenticator(keychain, self._fetch_token, clock, addresses)
        self.addresses, self._sessions = addresses, Sessions(certificates, proxy)
        self.body_limits: dict[str, int] = {}
        self.upload_hosts: set[str] = set()
        self._policy, self._sleep, self._log, self._clock = policy, sleep, log, clock

    def retries(self, registry: str) -> Retries:
        """Return the retries for one operation on *registry*."""
        return Retries(registry, self._policy, self._sleep, self._log, self._clock)

    def meter(self) -> Meter:
        """Return a meter for one transfer."""
        return Meter(self._policy.pace, self._clock)

    def with_patience(self, patience: float) -> Transport:
        """Return a transport with the same connections and logins, but at most *patience*."""
        other = copy.copy(self)
        patience = min(patience, self._policy.patience)
        other._policy = attrs.evolve(self._policy, patience=patience)
        return other

    def send(self, call: Call) -> Answer:
        """Send *call* with retries; return the answer.

        Raises RegistryUnavailable, RegistryForbidden, RegistryRefused (disk full).
        """
        return self.retries(call.registry).run(lambda _: self.send_once(call))

    def send_once(self, call: Call) -> Answer:
        """Send *call* without retries; return the answer.

        Raises RetryableFault, RegistryForbidden, RegistryRefused (disk full).
        """
        response = self._request(call, self.meter())
        body = _read_body(response, call)
        answer = Answer(response.status_code, response.headers, body)
        check(answer, call.registry, call.action)
        return answer

    def ask(self, call: Call) -> Answer:
        """Send *call* with retries, but without a login; return the answer, also 401.

        Redirects are not followed.  Raises RegistryUnavailable, RegistryRefused.
        """
        return self.retries(call.registry).run(lambda _: self._ask(call))

    def _ask(self, call: Call) -> Answer:
        url = self.addresses.api_url(call.registry) + call.url
        response = self._send(call, url, None, self.meter())
        answer = Answer(response.status_code, response.headers, _read_body(response, call))
        if answer.status not in (401, 403):
            check(answer, call.registry, call.action)
        return answer

    @contextmanager
    def open(self, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Send *call* without retries; give the answer and the chunks of its body.

        Reading a chunk may raise RetryableFault.  The answer has a body only if it is an error.
        """
        meter = self.meter()
        response = self._request(call, meter)
        with closing(response):
            body = _read_body(response, call) if response.status_code >= 400 else b""
            answer = Answer(response.status_code, response.headers, body)
            check(answer, call.registry, call.action)
            meter.begin_blob()
            yield answer, _chunks(response, call)

    def _request(self, call: Call, meter: Meter) -> requests.Response:
        """Send *call*; log in and send it again if the registry asks for a login."""
        response = self._request_once(call, meter)
        challenge = response.headers.get("WWW-Authenticate", "")
        # Another host, such as a store of blobs, must not ask for our login.
        may_ask = response.status_code == 401 and self._is_registry(call, str(response.url))
        if may_ask and self._auth.accept(call.registry, call.scopes, challenge):
            response.close()
            response = self._request_once(call, meter)
        return response

    def _request_once(self, call: Call, meter: Meter) -> requests.Response:
        """Send *call*, and follow redirects if it only reads."""
        own = self.addresses.api_url(call.registry)
        url = call.url if "://" in call.url else own + call.url
        redirects = Redirects(call.registry, call.action, [url], self.addresses)
        has_left = False
        while True:
            # The other host of an upload or a redirect must not get our login, and may not
            # decide what is requested with it.
            has_left = has_left or not self._is_registry(call, url)
            header = None if has_left else self._auth.header(call.registry, call.scopes)
            response = self._send(call, url, header, meter)
            if call.method not in ("GET", "HEAD"):
                return response
            try:
                target = redirects.follow(
                    response.status_code, response.headers.get("Location")
                )
            except RegistryRefused:
                response.close()
                raise
            if target is None:
                return response
            # Read the rest, so that the connection can be used again.
            _read_body(response, call)
            url = target

    def _is_registry(self, call: Call, url: str) -> bool:
        """Return whether *url* is an address of the registry of *call*."""
        return urlsplit(url)[:2] == urlsplit(self.addresses.api_url(call.registry))[:2]

    def _send(
        self, call: Call, url: str, authorization: str | None, meter: Meter
    ) -> requests.Response:
        with translated_errors(call.registry, call.action), metered(meter):
            return self._sessions.session(call.registry, url).request(
                call.method,
                url,
                headers={"Accept-Encoding": "identity", **call.headers},
                data=call.body,
                auth=_Authorization(authorization),
                timeout=self._policy.timeouts,
                allow_redirects=False,
                stream=True,
            )

    def _fetch_token(self, query: TokenQuery) -> TokenAnswer:
        """Send *query*, and nothing but its fields, to the token server."""
        meter = self.meter()
        with translated_errors(query.registry, ISSUE_TOKEN), metered(meter):
            response = self._sessions.session(query.registry, query.realm).request(
                "POST" if query.post else "GET",
                query.realm,
                params=None if query.post else list(query.fields),
                data=list(query.fields) if query.post else None,
                auth=_Authorization(query.authorization),
                timeout=self._policy.timeouts,
                allow_redirects=False,
                headers={"Accept-Encoding": "identity"},
                stream=True,
            )
        call = Call(query.registry, "GET", query.realm, ISSUE_TOKEN, ())
        body = _read_body(response, call)
        return TokenAnswer(response.status_code, body, read_retry_after(response.headers))


def _read_body(response: requests.Response, call: Call) -> bytes:
    """Return at most one chunk more than `Call.limit` of the body, and end the response."""
    body = bytearray()
    with closing(response):
        for chunk in _chunks(response, call):
            body += chunk
            if len(body) > call.limit:
                break
    return bytes(body)


def _chunks(response: requests.Response, call: Call) -> Iterator[bytes]:
    """Yield the body.  Raises RetryableFault, RegistryRefused."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in _SIZES:
        why = f"its answer has the encoding {shorten(encoding, 40)!r}, which was not asked for"
        raise RegistryRefused(call.registry, call.action, why, "read the log of its proxy")
    with translated_errors(call.registry, call.action):
        yield from response.iter_content(_SIZES[encoding])
