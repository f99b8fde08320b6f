"""Propose generated files: push them as a new branch for review."""

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
from ...model.result import SUCCESS, Result, counted
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
    """Commit the changed files on top of HEAD, and push the commit as a new branch.

    A change is not proposed again if its branch exists, or if it was deleted.  No branch is
    ever moved.  Raises BranchMissing, BranchMoved, PushRefused, GitForbidden, GitUnavailable.
    """
    draft = Draft.of(checkout.root, request.files)
    if not draft.blobs:
        return _result("0 files changed: nothing to propose")
    topic = _Topic(request, draft, origin, notes, log)
    earlier, branches = topic.list_proposals()
    proposal = topic.find_open(earlier, branches)
    if proposal is not None:
        return _result(_already(draft, proposal.branch), proposal)
    deleted, files = notes.find(topic.change.encode()), counted(len(draft.blobs), "file")
    if deleted is not None and deleted not in branches and not request.again:
        return _result(f"{files} not proposed again: {deleted} was proposed and then deleted")
    texts = (notes.find(required(checkout, path)) for path, blob in draft.blobs.items() if blob)
    message = commit_message(request.message, filter(None, texts), earlier)
    commit = draft.commit(message, request.author, clock())
    return topic.push(commit, earlier, message)


@attrs.frozen
class _Topic:
    """The topic of one draft: its change, and its proposals on the git server."""

    request: ProposeRequest
    draft: Draft
    origin: Origin
    notes: ChangeNotes
    log: Log

    @property
    def change(self) -> str:
        """Return the digest of the proposed files."""
        return change_digest(self.request.target, self.draft.blobs)

    def list_proposals(self) -> tuple[tuple[Proposal, ...], dict[str, str]]:
        """Return the earlier proposals, and the commits of target and proposals by branch.

        Raises BranchMissing if the target does not exist.
        """
        request = self.request
        branches = self.origin.branches(request.target, f"{request.prefix}{request.topic}-*")
        if request.target not in branches:
            raise BranchMissing(request.target, self.origin.host)
        return proposals(branches, request.prefix, request.topic), branches

    def find_open(
        self, earlier: tuple[Proposal, ...], branches: dict[str, str]
    ) -> Proposal | None:
        """Return the proposal of the same change that is not merged.  Raises BranchMoved."""
        for proposal in reversed(earlier):
            commit = branches[proposal.branch]
            if proposal.change != self.change:
                continue
            self.origin.fetch(commit, proposal.branch)
            if not self.draft.is_in(commit):
                raise BranchMoved(proposal.branch, commit[:12])
            if self.draft.is_merged(commit):
                continue
            self.log(f"{proposal.branch} contains the same files")
            return proposal
        return None

    def push(self, commit: str, earlier: tuple[Proposal, ...], message: str) -> Result:
        """Push *commit* as the next proposal after *earlier* ones."""
        request = self.request
        new = next_proposal(earlier, request.prefix, request.topic, self.change)
        if not self.origin.create(commit, new.branch, request.push_options):
            self.log(f"{new.branch}: another build pushed it at the same time")
            proposal = self.find_open(*self.list_proposals())
            return _result(_already(self.draft, new.branch), proposal)
        self._verify_pushed(new, commit)
        self.notes.leave(self.change.encode(), new.branch)
        files = counted(len(self.draft.blobs), "file")
        summary = f"{files} proposed as {new.branch}: {', '.join(self.draft.blobs)}"
        summary += f"; supersedes {earlier[-1].branch}" if earlier else ""
        return _result(summary, new, {"message.txt": message}, commit)

    def _verify_pushed(self, new: Proposal, commit: str) -> None:
        """Verify that the branch has the proposed files.  Raises BranchMissing, BranchMoved."""
        holder = self.origin.branches(new.branch).get(new.branch)
        if holder is None:
            raise BranchMissing(new.branch, self.origin.host)
        if holder != commit:
            self.origin.fetch(holder, new.branch)
            if not self.draft.is_in(holder):
                raise BranchMoved(new.branch, holder[:12])


def _already(draft: Draft, branch: str) -> str:
    return f"{counted(len(draft.blobs), 'file')} already proposed as {branch}"


def _result(
    summary: str,
    proposal: Proposal | None = None,
    texts: dict[str, str] | None = None,
    commit: str = "",
) -> Result:
    properties = {"ship_proposal": proposal.branch if proposal else ""}
    properties |= {"ship_proposal_commit": commit} if commit else {}
    return Result("propose", SUCCESS, summary, properties=properties, texts=texts or {})
