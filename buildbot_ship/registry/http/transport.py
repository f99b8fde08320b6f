"""Send requests to registries, with authentication, timeouts and retries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import attrs
import requests
from requests.auth import AuthBase

from ...errors import RegistryRefused
from ...model.log import Log
from .address import api_url, is_loopback
from .authentication import ISSUE_TOKEN, Authenticator, TokenAnswer, TokenQuery
from .connection_errors import translated_errors
from .credentials import Keychain
from .response import Answer, check
from .retry import Retries, RetryPolicy, Sleep

CHUNK = 1 << 18
"""Bytes that are read or sent at a time."""
SMALL = 1 << 16
"""Bytes of a body that are read unless a call sets another limit."""


@attrs.frozen
class Call:
    """One request; *action* completes the message "registry X refused to ...".

    *url* is a path of the API or an absolute URL.  *limit* is the number of bytes of the
    answer's body to read.
    """

    registry: str
    method: str
    url: str = attrs.field(repr=False)
    action: str
    scopes: tuple[str, ...]
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | Iterable[bytes] | None = attrs.field(default=None, repr=False)
    limit: int = SMALL


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
        ca_bundle: str | None,
        log: Log,
    ) -> None:
        """Open no connection yet."""
        self._auth = Authenticator(keychain, self._fetch_token, clock)
        self._policy, self._sleep, self._log = policy, sleep, log
        self._ca_bundle = ca_bundle
        self._remote, self._loopback = requests.Session(), requests.Session()
        # The environment's proxy is not meant for this machine's own services.
        self._loopback.trust_env = False

    def retries(self, registry: str) -> Retries:
        """Return the retries for one operation on *registry*."""
        return Retries(registry, self._policy, self._sleep, self._log)

    def send(self, call: Call) -> Answer:
        """Send *call* with retries; return the answer.

        Raises RegistryUnavailable, RegistryForbidden, RegistryRefused (disk full).
        """
        return self.retries(call.registry).run(lambda _: self.send_once(call))

    def send_once(self, call: Call) -> Answer:
        """Send *call* without retries; return the answer.

        Raises RetryableFault, RegistryForbidden, RegistryRefused (disk full).
        """
        response = self._request(call)
        with closing(response), translated_errors():
            body = _read(response.iter_content(CHUNK), call.limit)
        answer = Answer(response.status_code, response.headers, body)
        check(answer, call.registry, call.action)
        return answer

    @contextmanager
    def open(self, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Send *call* without retries; give the answer and the chunks of its body.

        Reading a chunk may raise RetryableFault.  The answer has a body only if it is an error.
        """
        response = self._request(call)
        with closing(response):
            chunks = _guarded(response.iter_content(CHUNK))
            body = _read(chunks, SMALL) if response.status_code >= 400 else b""
            answer = Answer(response.status_code, response.headers, body)
            check(answer, call.registry, call.action)
            yield answer, chunks

    def _request(self, call: Call) -> requests.Response:
        """Send *call*; log in and send it again if the registry asks for a login."""
        response = self._request_once(call)
        challenge = response.headers.get("WWW-Authenticate", "")
        if response.status_code == 401 and self._auth.accept(
            call.registry, call.scopes, challenge
        ):
            response.close()
            response = self._request_once(call)
        return response

    def _request_once(self, call: Call) -> requests.Response:
        base = api_url(call.registry)
        url = call.url if "://" in call.url else base + call.url
        # An upload may go to another host, which must not get our login.
        is_registry = urlsplit(url).netloc == urlsplit(base).netloc
        header = self._auth.header(call.registry, call.scopes) if is_registry else None
        with translated_errors(call.registry, call.action):
            return self._session(url).request(
                call.method,
                url,
                headers={"Accept-Encoding": "identity", **call.headers},
                data=call.body,
                auth=_Authorization(header),
                timeout=self._policy.timeouts,
                allow_redirects=call.method in ("GET", "HEAD"),
                stream=True,
                verify=self._ca_bundle,
            )

    def _session(self, url: str) -> requests.Session:
        return self._loopback if is_loopback(urlsplit(url).netloc) else self._remote

    def _fetch_token(self, query: TokenQuery) -> TokenAnswer:
        """Send *query*, and nothing but its fields, to the token server."""
        with translated_errors(query.registry, ISSUE_TOKEN):
            response = self._session(query.realm).request(
                "POST" if query.post else "GET",
                query.realm,
                params=None if query.post else list(query.fields),
                data=list(query.fields) if query.post else None,
                auth=_Authorization(query.authorization),
                timeout=self._policy.timeouts,
                allow_redirects=False,
                stream=True,
                verify=self._ca_bundle,
            )
        with closing(response), translated_errors():
            body = _read(response.iter_content(CHUNK), SMALL)
        return TokenAnswer(response.status_code, body)


def refusal(answer: Answer, call: Call) -> RegistryRefused:
    """Return the error for an *answer* to *call* that the caller does not expect."""
    return RegistryRefused(call.registry, call.action, answer.message)


def _read(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def _guarded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with translated_errors():
        yield from chunks
