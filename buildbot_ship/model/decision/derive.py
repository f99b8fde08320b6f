"""Whether a derived base has to be built: decided from its labels and what it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from ..cache_key import key
from ..image.base import Base
from ..image.labels import BASE_DIGEST
from ..reference import Reference, digest_of

INPUTS, CONTENT = "org.buildbot-ship.derived", "org.buildbot-ship.content"
"""Labels of a derived base: the key of what it was made of, a digest of what RUN made."""


@attrs.frozen
class Owned:
    """A derived base that is published, as its config describes it."""

    reference: Reference
    labels: Mapping[str, str]
    created: str

    @classmethod
    def of(cls, reference: Reference, base: Base) -> Owned:
        """Return what *reference* names."""
        return cls(reference, base.run.get("Labels") or {}, str(base.config.get("created")))

    def is_older_than(self, days: float, now: datetime) -> bool:
        """Tell whether it was made more than *days* before *now*; if in doubt, it was."""
        try:
            made = datetime.fromisoformat(self.created.replace("Z", "+00:00"))
            return now - made > timedelta(days=days)
        except (ValueError, TypeError, OverflowError):
            return True


def derived_key(data: bytes, bases: Iterable[Base], files: Iterable[list[object]]) -> str:
    """Return the key of a Dockerfile's bytes, the digests of its bases, and what it copies."""
    digests = [str(base.reference.digest) for base in bases]
    return key("derived", dockerfile=digest_of(data), bases=digests, files=list(files))


def reason(
    owned: Owned | None, inputs: str, base: Base, *, days: float, now: datetime, again: bool
) -> str | None:
    """Return why it is built, for a summary; None where the one that is *owned* will do."""
    if owned is None or INPUTS not in owned.labels:
        return "it is new"
    if owned.labels.get(BASE_DIGEST) != base.reference.digest:
        return f"{attrs.evolve(base.reference, digest=None)} is another image"
    if owned.labels[INPUTS] != inputs:
        return "what it is made of changed"
    if again:
        return "it was asked for"
    return f"it is older than {days:g} days" if owned.is_older_than(days, now) else None


def will_do(owned: Owned, before: Owned | None, inputs: str, content: str) -> bool:
    """Tell whether what is *owned* now is as good as what was built.

    It is made of the same and has the same content, or somebody made it of the same since
    *before* was looked at.
    """
    if owned.labels.get(INPUTS) != inputs:
        return False
    return owned.labels.get(CONTENT) == content or owned != before
