"""The tags of owned bases (a timestamp) and of images (a commit hash)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ..errors import InvalidReference

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FORMAT = "%Y-%m-%dT%H-%M-%S-%f"
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6}")


NO_BASE = "1970-01-01T00-00-00-000000"
"""The tag in FROM lines of `buildbot-ship init`: no registry has it, and `pin` replaces it."""


def timestamp_tag(moment: datetime) -> str:
    """Return the tag for an aware *moment*: UTC with microseconds, so tags sort by time.

    Raises ValueError without a time zone.

    >>> timestamp_tag(datetime(2026, 11, 23, 4, 50, 49, 169150, tzinfo=timezone.utc))
    '2026-11-23T04-50-49-169150'
    """
    if moment.tzinfo is None:
        raise ValueError("a tag needs an aware datetime")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds").replace(":", "-").replace(".", "-")


def is_timestamp_tag(tag: str) -> bool:
    """Return whether *tag* has the form of `timestamp_tag`."""
    return bool(_TIMESTAMP.fullmatch(tag))


def timestamp_of(tag: str) -> datetime | None:
    """Return the time that `timestamp_tag` wrote into *tag*; None if it is no such tag."""
    if not is_timestamp_tag(tag):
        return None
    try:
        return datetime.strptime(tag, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        # It has only the form of a time.
        return None


def moment_after(tags: Iterable[str], now: datetime) -> datetime:
    """Return *now*, or the microsecond after the newest timestamp of *tags* if that is later.

    Tags sort by time, so a tag of a clock that was set back would not be the newest.  A tag of
    this very microsecond changes nothing: another image has it, and is not overwritten.

    >>> moment_after(["2026-11-23T04-50-49-169150"], datetime(2026, 1, 1, tzinfo=timezone.utc))
    datetime.datetime(2026, 11, 23, 4, 50, 49, 169151, tzinfo=datetime.timezone.utc)
    """
    try:
        newest = datetime.strptime(max(tags, default=""), _FORMAT).replace(tzinfo=UTC)
        return newest + timedelta(microseconds=1) if newest > now else now
    except (ValueError, OverflowError):
        # There is no tag, or it has only the form of a time.
        return now


def commit_tag(commit: str) -> str:
    """Return the tag of a full commit hash (40 or 64 hexadecimal digits).

    Raises InvalidReference.
    """
    if not _COMMIT.fullmatch(commit):
        raise InvalidReference(commit, "the tag of an image is the full hash of its commit")
    return commit
