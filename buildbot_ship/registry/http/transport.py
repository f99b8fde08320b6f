"""Requests to registries: timeouts, authentication, and what is worth another attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import attrs
import requests
from requests.auth import AuthBase

from ...errors import FileMissing, RegistryRefused
from ...model.log import Log
from .address import api_url, is_loopback
from .authentication import Authenticator, TokenAnswer, TokenQuery
from .credentials import Keychain
from .response import Answer, check
from .retry import Fault, Retries, RetryPolicy, Sleep, explain, is_untrusted

T = TypeVar("T")
CHUNK = 1 << 18
SMALL = 1 << 16


@attrs.frozen
class Call:
    """One request; *what* ends the sentence "the registry refused to ..." for people.

    *url* is a path of the API, or whole; *limit* is how many bytes of the body are read.
    """

    registry: str
    method: str
    url: str = attrs.field(repr=False)
    what: str
    scopes: tuple[str, ...]
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | Iterable[bytes] | None = attrs.field(default=None, repr=False)
    limit: int = SMALL


class _Authorization(AuthBase):
    """Sets one header, or none; without it requests would look for logins in ~/.netrc."""

    def __init__(self, header: str | None) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header:
            request.headers["Authorization"] = self._header
        return request


class Transport:
    """One client's connections; *clock* gives seconds that never jump, *sleep* takes some."""

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
        """Connect to nothing yet."""
        self._auth = Authenticator(keychain, self._fetch_token, clock)
        self._patience, self._sleep, self._log = policy, sleep, log
        self._ca_bundle = ca_bundle
        self._outside, self._inside = requests.Session(), requests.Session()
        # Nobody means a proxy for what runs on this machine.
        self._inside.trust_env = False

    def attempts(self, registry: str) -> Retries:
        """Return fresh attempts at something that *registry* does."""
        return Retries(registry, self._patience, self._sleep, self._log)

    def ask(self, call: Call) -> Answer:
        """Return the answer to *call*, tried again over faults.

        Raises RegistryUnavailable, RegistryForbidden, RegistryRefused (a full disk).
        """
        return self.attempts(call.registry).until(lambda _: self.once(call))

    def once(self, call: Call) -> Answer:
        """Return the answer to one attempt at *call*; raise Fault, too."""
        response = self._send(call)
        with closing(response), _breaks():
            body = _read(response.iter_content(CHUNK), call.limit)
        answer = Answer(response.status_code, response.headers, body)
        check(answer, call.registry, call.what)
        return answer

    @contextmanager
    def open(self, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Give the answer to one attempt at *call* and its body; reading may raise Fault.

        The answer's own body is empty, except for an error's.
        """
        response = self._send(call)
        with closing(response):
            chunks = _guarded(response.iter_content(CHUNK))
            body = _read(chunks, SMALL) if response.status_code >= 400 else b""
            answer = Answer(response.status_code, response.headers, body)
            check(answer, call.registry, call.what)
            yield answer, chunks

    def _send(self, call: Call) -> requests.Response:
        response = self._send_once(call)
        wanted = response.headers.get("WWW-Authenticate", "")
        if response.status_code == 401 and self._auth.accept(
            call.registry, call.scopes, wanted
        ):
            response.close()
            response = self._send_once(call)
        return response

    def _send_once(self, call: Call) -> requests.Response:
        base = api_url(call.registry)
        url = call.url if "://" in call.url else base + call.url
        # An upload may go to another host, which has no business with our login.
        ours = urlsplit(url).netloc == urlsplit(base).netloc
        header = self._auth.header(call.registry, call.scopes) if ours else None
        with _breaks(call.registry, call.what):
            return self._session(url).request(
                call.method,
                url,
                headers={"Accept-Encoding": "identity", **call.headers},
                data=call.body,
                auth=_Authorization(header),
                timeout=(self._patience.connect, self._patience.read),
                allow_redirects=call.method in ("GET", "HEAD"),
                stream=True,
                verify=self._ca_bundle,
            )

    def _session(self, url: str) -> requests.Session:
        return self._inside if is_loopback(urlsplit(url).netloc) else self._outside

    def _fetch_token(self, query: TokenQuery) -> TokenAnswer:
        """Ask a token server; it gets what the query holds and nothing else."""
        with _breaks(query.registry, "give a token"):
            response = self._session(query.realm).request(
                "POST" if query.post else "GET",
                query.realm,
                params=None if query.post else list(query.fields),
                data=list(query.fields) if query.post else None,
                auth=_Authorization(query.authorization),
                timeout=(self._patience.connect, self._patience.read),
                allow_redirects=False,
                stream=True,
                verify=self._ca_bundle,
            )
        with closing(response), _breaks():
            body = _read(response.iter_content(CHUNK), SMALL)
        return TokenAnswer(response.status_code, body)


@contextmanager
def _breaks(registry: str = "", what: str = "") -> Iterator[None]:
    """Turn what requests raises into Fault, or into an error where waiting is no help.

    The original is left out: its text has URLs, and they may have secrets.
    """
    try:
        yield
    except requests.RequestException as error:
        if is_untrusted(error):
            raise RegistryRefused(
                registry,
                what,
                "its certificate is not trusted here",
                "set REQUESTS_CA_BUNDLE on the worker to a bundle that holds its authority",
            ) from None
        raise Fault(explain(error)) from None
    except OSError as error:
        if "CA certificate" in str(error):
            raise FileMissing("the CA bundle of REQUESTS_CA_BUNDLE", "this worker") from None
        raise


def _read(chunks: Iterable[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def _guarded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    with _breaks():
        yield from chunks
