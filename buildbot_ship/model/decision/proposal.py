"""The names of proposals, and what their commits say: decided from what is on the server.

A branch is ``ship/bases-3-1a2b3c4d5e``: prefix, topic, a number that grows, and a digest of
the change, by which the same proposal is known again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

import attrs

_DIGITS = 10


@attrs.frozen
class Proposal:
    """A branch that proposes: *number* is its place among those of its topic."""

    branch: str
    number: int
    change: str


def change_digest(target: str, blobs: Mapping[str, str]) -> str:
    """Return the digest of a change: git's object names by path, and the branch it is for."""
    lines = [f"{path}\0{name}" for path, name in sorted(blobs.items())]
    return hashlib.sha256("\n".join([target, *lines]).encode()).hexdigest()[:_DIGITS]


def proposals(names: Iterable[str], prefix: str, topic: str) -> tuple[Proposal, ...]:
    """Return those of a topic among the *names* of branches, the newest last."""
    pattern = re.compile(
        rf"{re.escape(prefix + topic)}-([1-9][0-9]{{0,8}})-([0-9a-f]{{{_DIGITS}}})"
    )
    matches = (pattern.fullmatch(name) for name in names)
    found = [Proposal(m[0], int(m[1]), m[2]) for m in matches if m]
    return tuple(sorted(found, key=lambda proposal: (proposal.number, proposal.branch)))


def next_proposal(
    earlier: tuple[Proposal, ...], prefix: str, topic: str, change: str
) -> Proposal:
    """Return the one that follows *earlier* ones."""
    number = earlier[-1].number + 1 if earlier else 1
    return Proposal(f"{prefix}{topic}-{number}-{change}", number, change)


def commit_message(subject: str, notes: Iterable[str], earlier: tuple[Proposal, ...]) -> str:
    """Return the message: what changed and why, and the proposal that this one supersedes."""
    parts = [subject, *dict.fromkeys(note.strip("\n") for note in notes)]
    if earlier:
        parts.append(f"Supersedes: {earlier[-1].branch}")
    return "\n\n".join(part for part in parts if part) + "\n"
