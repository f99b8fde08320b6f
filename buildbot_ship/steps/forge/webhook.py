"""`ForgeHook`: a webhook of a forge, which makes a poller look at once.

Buildbot's own hooks turn what a forge tells into changes.  Here the poller makes all changes,
so none is built twice, and nothing in a webhook is believed.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from buildbot.changes.base import ReconfigurablePollingChangeSource
from buildbot.process.properties import Properties
from buildbot.www.hooks.base import BaseHookHandler
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.web.server import Request

_HEADERS = {
    "github": "X-Hub-Signature-256",
    "gitea": "X-Gitea-Signature",
    "gitlab": "X-Gitlab-Token",
}
_Changes = tuple[list[dict[str, Any]], str | None]


class ForgeHook(BaseHookHandler):  # type: ignore[misc]
    """Verify the secret of a webhook, and poll; see `Forge.hook`."""

    def getChanges(self, request: Request) -> Deferred[_Changes]:
        """Return no changes: the poller finds them.  Raises ValueError without the secret."""
        return ensureDeferred(self._poll(request))

    async def _poll(self, request: Request) -> _Changes:
        kind = self.options["kind"]
        properties = Properties()
        properties.master = self.master
        secret = await properties.render(self.options["secret"])
        sent = request.getHeader(_HEADERS[kind].encode()) or b""
        body = request.content
        if body is None or not is_genuine(kind, secret, sent, body.read()):
            raise ValueError(f"the webhook has no valid {_HEADERS[kind]}: check its secret")
        for source in self.master.change_svc:
            if (
                isinstance(source, ReconfigurablePollingChangeSource)
                and source.name == self.options["poller"]
            ):
                source.force()
        return [], None


def is_genuine(kind: str, secret: str, sent: bytes, body: bytes) -> bool:
    """Return whether the header *sent* proves that its sender has the *secret*.

    GitHub and Gitea sign the body, GitLab sends the secret.
    """
    if not secret:
        return False
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    wanted = {"github": f"sha256={digest}", "gitea": digest, "gitlab": secret}[kind]
    return hmac.compare_digest(sent, wanted.encode())
