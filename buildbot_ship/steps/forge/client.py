"""Ask a forge: open the merge request of a branch, or find the one that there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
from buildbot.util.httpclientservice import HTTPSession
from twisted.internet import task
from twisted.internet.interfaces import IReactorTime

from ...errors import ForgeRefused, ForgeUnavailable, quotable
from .calls import OPEN, Call, MergeRequest, Proposal
from .forge import Forge

T = TypeVar("T")
_SECONDS = 30
_PAUSES = (1.0, 4.0)
"""The seconds before the second and the third try."""
_MOVED, _BAD, _MISSING, _BUSY, _BROKEN = 300, 400, 404, 429, 500
_TEXT = 300
_FIND = "find the merge request of {}"
_REMEDIES = {
    401: "write a valid token into the secret of the forge; it may have expired",
    403: "give the token {scopes}; if it has them, wait: the forge may limit its calls",
    _MISSING: (
        "check the URL of the repository and of the API, and give the user of the token access "
        "to the repository"
    ),
}
_OTHER = "the message is the forge's own: check the branch, its target and the token's user"
_REDIRECT = "write the new URL of the repository into master.cfg: it moved"


@attrs.frozen
class Answer:
    """The answer to a call: its status, its text, and its JSON or None."""

    status: int
    text: str
    content: Any

    @property
    def why(self) -> str:
        """Return the words of the forge, short and without tokens."""
        content = self.content if isinstance(self.content, dict) else {}
        words = [content.get("message") or content.get("error") or ""]
        errors = content.get("errors")
        if isinstance(errors, list):
            words += [each.get("message") for each in errors if isinstance(each, dict)]
        said = "; ".join(w if isinstance(w, str) else json.dumps(w) for w in words if w)
        return f"status {self.status}: {quotable(said or self.text[:_TEXT])}"


@attrs.frozen
class Client:
    """The API of one forge, with a token."""

    forge: Forge
    session: HTTPSession
    clock: IReactorTime

    @classmethod
    def of(cls, forge: Forge, token: str, master: Any) -> Client:
        """Return a client that uses the HTTP client of the *master*."""
        headers = forge.calls.headers(token)
        session = HTTPSession(master.httpservice, forge.api_url, headers=headers)
        return cls(forge, session, master.reactor)

    async def propose(self, proposal: Proposal, again: bool) -> tuple[MergeRequest, bool]:
        """Return the merge request of a branch, and whether it was opened now.

        If somebody closed it, another one is opened only with *again*.  Raises ForgeRefused,
        ForgeUnavailable.
        """
        calls = self.forge.calls
        earlier = await self._find(proposal)
        if earlier is not None and (earlier.state == OPEN or not again):
            return earlier, False
        answer = await self._ask(calls.open(self.forge.path, proposal))
        if answer.status == calls.exists:
            # Another build opened it at the same time, or the first answer was lost.
            other = await self._find(proposal)
            if other is not None and other.state == OPEN:
                return other, False
        what = f"open a merge request of {proposal.branch}"
        return self._read(answer, calls.opened, what), True

    async def _find(self, proposal: Proposal) -> MergeRequest | None:
        calls = self.forge.calls
        answer = await self._ask(calls.find(self.forge.path, proposal))
        if answer.status == _MISSING and calls.missing_is_none:
            return None
        return self._read(answer, calls.found, _FIND.format(proposal.branch))

    async def _ask(self, call: Call) -> Answer:
        """Return the answer; ask again if the forge is busy or broken."""
        why = ""
        for pause in (*_PAUSES, None):
            try:
                answer = await self._send(call)
            except Exception as error:  # Buildbot uses treq or requests.
                why = quotable(str(error)) or type(error).__name__
            else:
                if answer.status < _BROKEN and answer.status != _BUSY:
                    return answer
                why = answer.why
            if pause is not None:
                await task.deferLater(self.clock, pause)
        raise ForgeUnavailable(self.forge.host, why)

    async def _send(self, call: Call) -> Answer:
        body = {} if call.body is None else {"json": dict(call.body)}
        # A redirect could lead the token to another server.
        response = await getattr(self.session, call.method)(
            call.path, timeout=_SECONDS, allow_redirects=False, **body
        )
        text = (await response.content()).decode(errors="replace")
        try:
            return Answer(response.code, text, json.loads(text))
        except ValueError:
            return Answer(response.code, text, None)

    def _read(self, answer: Answer, read: Callable[[Any], T], what: str) -> T:
        """Return what *read* finds in an *answer*; raise ForgeRefused for a refusal."""
        status = answer.status
        if status < _MOVED:
            try:
                return read(answer.content)
            except (AttributeError, KeyError, TypeError):
                why = f"its answer is not that of {self.forge.kind}"
                raise ForgeRefused(self.forge.host, what, why, _REMEDIES[_MISSING]) from None
        hint = _REDIRECT if status < _BAD else _REMEDIES.get(status, _OTHER)
        hint = hint.format(scopes=self.forge.calls.scopes)
        raise ForgeRefused(self.forge.host, what, answer.why, hint)
