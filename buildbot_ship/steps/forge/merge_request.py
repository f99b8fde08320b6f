"""`OpenMergeRequest`: open a merge request for a proposed branch, on the master."""

from __future__ import annotations

import re
from typing import Any

from buildbot import config
from buildbot.interfaces import IRenderable
from buildbot.process import results

from ...errors import InvalidRequest, ShipError
from ..base.presentation import ResultPresentation
from ..base.secrets_of_build import mask_for
from .calls import OPEN, MergeRequest, Proposal
from .client import Client
from .forge import Forge

# Buildbot is not typed: its numbers are Any without this.
SUCCESS: int = results.SUCCESS
FAILURE: int = results.FAILURE
SKIPPED: int = results.SKIPPED
CANCELLED: int = results.CANCELLED
_CHARACTERS = 60_000
"""The maximum length of the text, in characters; GitHub accepts 65536."""


class OpenMergeRequest(ResultPresentation):
    """Open a merge request, or pull request, for the branch that `ProposeChange` pushed.

    The step runs on the master.  It does nothing if the branch has a merge request, even if
    somebody closed it.

    :param forge: the `Forge` of the repository
    :param title: the title of the merge request
    :param target: the branch into which it should be merged
    :param again: open another one if somebody closed the first
    """

    name = "open-merge-request"
    renderables = ("title", "target", "again")
    haltOnFailure = True

    def __init__(
        self,
        forge: Forge,
        title: str | IRenderable,
        *,
        target: str | IRenderable = "main",
        again: bool | IRenderable = False,
        **kwargs: Any,
    ) -> None:
        """Set the options of this step and of Buildbot's own steps."""
        if not isinstance(forge, Forge):
            config.error("OpenMergeRequest: forge: write util.Forge(kind, repourl, token)")
        self.forge, self.title, self.target, self.again = forge, title, target, again
        super().__init__(**kwargs)

    async def run(self) -> int:
        """Open the merge request; return Buildbot's status."""
        branch = self.getProperty("ship_proposal", "")
        if not branch:
            self._summary = "no merge request: nothing is proposed"
            return SKIPPED
        mask_for(self.build)
        try:
            await self._open(Proposal(branch, self.target, self.title, await self._text()))
        except ShipError as error:
            if self.stopped:
                return CANCELLED
            await self.show_error(error)
            return FAILURE
        return SUCCESS

    async def _open(self, proposal: Proposal) -> None:
        client = Client.of(self.forge, await self._token(), self.master)
        there, is_new = await client.propose(proposal, self.again is True)
        self._summary = f"{there.url}: {_describe(there, is_new)}"
        self.setProperty("ship_merge_request", there.url, type(self).__name__)
        await self.addURL("merge request", there.url)

    async def _token(self) -> str:
        try:
            token = await self.build.render(self.forge.token)
        except KeyError as error:
            raise InvalidRequest("forge", f"token: {error.args[0]}") from None
        if not isinstance(token, str) or not token.strip():
            raise InvalidRequest("forge", "token: the secret is empty")
        return token.strip()

    async def _text(self) -> str:
        """Return the message of the commit, and a link to the build, as Markdown."""
        data = await self.master.db.build_data.getBuildData(self.build.buildid, "message.txt")
        message = "" if data is None else data.value.decode(errors="replace").strip()
        link = f"Proposed by {await self.build.getUrl()}"
        return f"{_quoted(message[:_CHARACTERS])}\n\n{link}" if message else link


def _quoted(text: str) -> str:
    """Return *text* as a block of code, in which a forge finds no users, links or images."""
    fence = "~" * max(3, *(len(run) + 1 for run in re.findall("~+", text)), 0)
    return f"{fence}text\n{text}\n{fence}"


def _describe(there: MergeRequest, is_new: bool) -> str:
    if is_new:
        return "opened"
    if there.state == OPEN:
        return "open already"
    return f"{there.state}, not opened again"
