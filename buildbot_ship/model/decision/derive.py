"""Decide whether a derived base must be rebuilt, from its labels and its cache key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from ..cache_key import key
from ..image.base import Base
from ..image.labels import BASE_DIGEST
from ..reference import Reference, digest_of

INPUTS, CONTENT = "org.buildbot-ship.derived", "org.buildbot-ship.content"
"""Labels of a derived base: the cache key of its inputs, and the digest of its files."""


@attrs.frozen
class Owned:
    """A published derived base, as its config describes it."""

    reference: Reference
    labels: Mapping[str, str]
    created: str

    @classmethod
    def of(cls, reference: Reference, base: Base) -> Owned:
        """Return the base that *reference* names."""
        return cls(reference, base.run.get("Labels") or {}, str(base.config.get("created")))

    def is_older_than(self, days: float, now: datetime) -> bool:
        """Return whether it was built more than *days* before *now*, or at an unknown time."""
        try:
            built = datetime.fromisoformat(self.created.replace("Z", "+00:00"))
            return now - built > timedelta(days=days)
        except (ValueError, TypeError, OverflowError):
            return True


def derived_key(
    data: bytes,
    bases: Iterable[Base],
    files: Iterable[list[object]],
    secrets: Iterable[str] = (),
) -> str:
    """Return the cache key of a Dockerfile, the digests of its bases, and its copied files.

    Of *secrets* only the names count, because the key is public.
    """
    digests = [str(base.reference.digest) for base in bases]
    more = {"secrets": names} if (names := sorted(secrets)) else {}
    return key("derived", dockerfile=digest_of(data), bases=digests, files=list(files), **more)


def reason(
    owned: Owned | None, inputs: str, base: Base, *, days: float, now: datetime, again: bool
) -> str | None:
    """Return the reason for a build; None if the published base *owned* is up to date."""
    if owned is None or INPUTS not in owned.labels:
        return "it is new"
    if owned.labels.get(BASE_DIGEST) != base.reference.digest:
        return f"{attrs.evolve(base.reference, digest=None)} is another image"
    if owned.labels[INPUTS] != inputs:
        return "its inputs changed"
    if again:
        return "a rebuild was requested"
    return f"it is older than {days:g} days" if owned.is_older_than(days, now) else None


def can_reuse(owned: Owned, before: Owned | None, inputs: str, content: str) -> bool:
    """Return whether the published base *owned* can replace the new build.

    It can if it has the same inputs, and the same content or a newer build than *before*.
    """
    if owned.labels.get(INPUTS) != inputs:
        return False
    return owned.labels.get(CONTENT) == content or owned != before
