"""Push generated files as a branch that people review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from ...errors import BranchMissing, BranchMoved
from ...model.decision.proposal import (
    Proposal,
    change_digest,
    commit_message,
    next_proposal,
    proposals,
)
from ...model.log import Log
from ...model.request import ProposeRequest
from ...model.result import SUCCESS, Result
from ...source.checkout import Checkout
from ...source.commit_draft import Draft
from ...source.git_server import Origin
from ...source.interface import required
from ...store.change_notes import ChangeNotes


def propose(
    request: ProposeRequest,
    *,
    checkout: Checkout,
    origin: Origin,
    notes: ChangeNotes,
    clock: Callable[[], datetime],
    log: Log,
) -> Result:
    """Commit the changed files on top of HEAD and push them as a branch of their own.

    What is proposed already, or was and somebody deleted its branch, is not proposed again.
    No branch is ever moved.  Raises BranchMissing, BranchMoved, PushRefused, GitForbidden,
    GitUnavailable.
    """
    draft = Draft.of(checkout.root, request.files)
    if not draft.blobs:
        return _result("nothing to propose: no file changed")
    desk = _Desk(request, draft, origin, notes, log)
    earlier, there = desk.look()
    made = desk.standing(earlier, there)
    if made is not None:
        return _result(f"{made.branch}: proposed already", made)
    deleted = notes.find(desk.change.encode())
    if deleted is not None and deleted not in there and not request.again:
        return _result(f"{deleted} was proposed and somebody deleted it: not proposed again")
    texts = (notes.find(required(checkout, path)) for path, blob in draft.blobs.items() if blob)
    message = commit_message(request.message, filter(None, texts), earlier)
    commit = draft.commit(message, request.author, clock())
    return desk.push(commit, earlier, message)


@attrs.frozen
class _Desk:
    """One draft, and the proposals of its topic that the server has."""

    request: ProposeRequest
    draft: Draft
    origin: Origin
    notes: ChangeNotes
    log: Log

    @property
    def change(self) -> str:
        """Return the digest of what is proposed."""
        return change_digest(self.request.target, self.draft.blobs)

    def look(self) -> tuple[tuple[Proposal, ...], dict[str, str]]:
        """Return the earlier proposals, and all branches seen.  Raises BranchMissing."""
        request = self.request
        there = self.origin.branches(request.target, f"{request.prefix}{request.topic}-*")
        if request.target not in there:
            raise BranchMissing(request.target, self.origin.host)
        return proposals(there, request.prefix, request.topic), there

    def standing(self, earlier: tuple[Proposal, ...], there: dict[str, str]) -> Proposal | None:
        """Return the same proposal, if it was made and not merged.  Raises BranchMoved."""
        for made in reversed(earlier):
            holder = there[made.branch]
            if made.change != self.change:
                continue
            self.origin.fetch(holder, made.branch)
            if not self.draft.is_in(holder):
                raise BranchMoved(made.branch, holder[:12])
            if self.draft.is_merged(holder):
                continue
            self.log(f"{made.branch} holds the same files")
            return made
        return None

    def push(self, commit: str, earlier: tuple[Proposal, ...], message: str) -> Result:
        """Push *commit* as the proposal that follows *earlier* ones."""
        request = self.request
        new = next_proposal(earlier, request.prefix, request.topic, self.change)
        if not self.origin.create(commit, new.branch, request.push_options):
            self.log(f"{new.branch}: somebody pushed it at the same moment")
            return _result(f"{new.branch}: proposed already", self.standing(*self.look()))
        self.confirm(new, commit)
        self.notes.leave(self.change.encode(), new.branch)
        said = f"{new.branch}: proposed {', '.join(self.draft.blobs)}"
        said += f", superseding {earlier[-1].branch}" if earlier else ""
        return _result(said, new, {"message.txt": message}, commit)

    def confirm(self, new: Proposal, commit: str) -> None:
        """See that the branch stands.  Raises BranchMissing, BranchMoved."""
        holder = self.origin.branches(new.branch).get(new.branch)
        if holder is None:
            raise BranchMissing(new.branch, self.origin.host)
        if holder != commit:
            self.origin.fetch(holder, new.branch)
            if not self.draft.is_in(holder):
                raise BranchMoved(new.branch, holder[:12])


def _result(
    summary: str,
    made: Proposal | None = None,
    texts: dict[str, str] | None = None,
    commit: str = "",
) -> Result:
    properties = {"ship_proposal": made.branch if made else ""}
    properties |= {"ship_proposal_commit": commit} if commit else {}
    return Result("propose", SUCCESS, summary, properties=properties, texts=texts or {})
