"""Name the branches of proposals, and write their commit messages.

A branch is ``ship/bases-3-1a2b3c4d5e``: prefix, topic, an increasing number, and a digest of
the change.  The digest identifies a proposal that was pushed before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

import attrs

_DIGITS = 10


@attrs.frozen
class Proposal:
    """The branch of a proposal; *number* counts the proposals of its topic."""

    branch: str
    number: int
    change: str


def change_digest(target: str, blobs: Mapping[str, str]) -> str:
    """Return the digest of a change: the target branch, and git's object IDs by path."""
    lines = [f"{path}\0{name}" for path, name in sorted(blobs.items())]
    return hashlib.sha256("\n".join([target, *lines]).encode()).hexdigest()[:_DIGITS]


def proposals(names: Iterable[str], prefix: str, topic: str) -> tuple[Proposal, ...]:
    """Return the proposals of a topic among branch *names*, the newest last."""
    pattern = re.compile(
        rf"{re.escape(prefix + topic)}-([1-9][0-9]{{0,8}})-([0-9a-f]{{{_DIGITS}}})"
    )
    matches = (pattern.fullmatch(name) for name in names)
    found = [Proposal(m[0], int(m[1]), m[2]) for m in matches if m]
    return tuple(sorted(found, key=lambda proposal: (proposal.number, proposal.branch)))


def next_proposal(
    earlier: tuple[Proposal, ...], prefix: str, topic: str, change: str
) -> Proposal:
    """Return the proposal after the *earlier* ones."""
    number = earlier[-1].number + 1 if earlier else 1
    return Proposal(f"{prefix}{topic}-{number}-{change}", number, change)


def commit_message(subject: str, notes: Iterable[str], earlier: tuple[Proposal, ...]) -> str:
    """Return the commit message: subject, notes, and the proposal that it supersedes."""
    parts = [subject, *dict.fromkeys(note.strip("\n") for note in notes)]
    if earlier:
        parts.append(f"Supersedes: {earlier[-1].branch}")
    return "\n\n".join(part for part in parts if part) + "\n"
