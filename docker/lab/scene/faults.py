"""What a proxy saw, and how it fails."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Mapping

import attrs


@attrs.frozen
class Seen:
    """A request that came in; *authorization* is its header, or empty; *at* is monotonic."""

    method: str
    path: str
    authorization: str
    at: float = attrs.field(factory=time.monotonic)

    def __str__(self) -> str:
        """Return "METHOD /path"."""
        return f"{self.method} {self.path}"


@attrs.define
class Fault:
    """What goes wrong with the next *times* requests whose "METHOD /path" matches *match*.

    With *status*, the proxy answers itself.  *headers* are added to the answer, whoever gives
    it.  *cut_upload* and *cut_download* reset the connection after that many bytes of a body.
    *hook* is called when the request has come in, or after *hook_after* bytes of its body, and
    *after* when the server has answered, before the client knows.  Each is called once.
    *endless* bytes are sent as a body, one each *endless_pause* seconds, until the client
    goes.  With *expire*, all tokens have expired when the body has come in.
    """

    match: str
    times: int = 1
    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    cut_upload: int | None = None
    cut_download: int | None = None
    hook: Callable[[], None] | None = None
    hook_after: int = 0
    after: Callable[[], None] | None = None
    endless: bytes = b""
    endless_pause: float = 0.0
    expire: bool = False
    fired: int = 0


@attrs.define
class Proxy:
    """A proxy on a loopback port; *login* is the ``user:password`` that it wants, if any.

    With *bearer*, it wants a token, which it gives to who has the login; *tokens* are valid.
    """

    target: str
    login: str = ""
    port: int = 0
    faults: list[Fault] = attrs.field(factory=list)
    seen: list[Seen] = attrs.field(factory=list)
    bearer: bool = False
    tokens: set[str] = attrs.field(factory=set)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    @property
    def address(self) -> str:
        """Return host and port."""
        return f"127.0.0.1:{self.port}"

    def fail(self, match: str, **how: object) -> Fault:
        """Add a `Fault`; it is a regular expression for the start of "METHOD /path"."""
        fault = Fault(match, **how)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def reset(self) -> None:
        """Forget the faults, the requests and the tokens."""
        self.faults.clear()
        self.seen.clear()
        self.tokens.clear()
        self.bearer = False

    def lines(self, match: str) -> list[str]:
        """Return the requests that match, oldest first."""
        return [str(seen) for seen in self.seen if re.match(match, str(seen))]

    def done(self, match: str) -> list[str]:
        """Return the requests that match and had a login, oldest first."""
        return [
            str(seen)
            for seen in self.seen
            if self.accepts(seen.authorization) and re.match(match, str(seen))
        ]

    def take(self, seen: Seen) -> Fault | None:
        """Record a request; return the fault that it meets if it is logged in."""
        with self._lock:
            self.seen.append(seen)
            if not self.accepts(seen.authorization):
                return None
            for fault in self.faults:
                if fault.fired < fault.times and re.match(fault.match, str(seen)):
                    fault.fired += 1
                    return fault
        return None

    def accepts(self, authorization: str) -> bool:
        """Return whether a request may go on."""
        if self.bearer:
            return authorization.removeprefix("Bearer ") in self.tokens
        return self.knows(authorization)

    def knows(self, authorization: str) -> bool:
        """Return whether a header has the login."""
        wanted = f"Basic {base64.b64encode(self.login.encode()).decode()}"
        return not self.login or authorization == wanted

    @property
    def challenge(self) -> str:
        """Return what it says to who has no login or no token."""
        realm = f"http://{self.address}/token"
        return f'Bearer realm="{realm}",service="faults"' if self.bearer else 'Basic realm="f"'
