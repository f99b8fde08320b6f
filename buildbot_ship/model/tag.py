"""The tags of owned bases (a timestamp) and of images (a commit hash)."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from ..errors import InvalidReference

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}")


def timestamp_tag(moment: datetime) -> str:
    """Return the tag for an aware *moment*: UTC with microseconds, so tags sort by time.

    Raises ValueError without a time zone.

    >>> timestamp_tag(datetime(2026, 11, 23, 4, 50, 49, 169150, tzinfo=timezone.utc))
    '2026-11-23T04-50-49-169150'
    """
    if moment.tzinfo is None:
        raise ValueError("a tag needs an aware datetime")
    utc = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds").replace(":", "-").replace(".", "-")


def is_timestamp_tag(tag: str) -> bool:
    """Return whether *tag* has the form of `timestamp_tag`."""
    return bool(_TIMESTAMP.fullmatch(tag))


def commit_tag(commit: str) -> str:
    """Return the tag of a full commit hash (40 or 64 hexadecimal digits).

    Raises InvalidReference.
    """
    if not _COMMIT.fullmatch(commit):
        raise InvalidReference(commit, "the tag of an image is the full hash of its commit")
    return commit
