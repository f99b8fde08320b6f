"""Claims of tags: decide who may publish under a tag, from what builds claimed before.

The claims of a tag are numbered rows in a place where exactly one writer gets each number.  A
claim says which manifest its build pushes.  It counts until its build releases it, which a
build does only if it certainly stored nothing under the tag.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs


@attrs.frozen
class ClaimRow:
    """A claim of one build for the manifest *digest*.

    *build* is the build's database ID, and *holder* its name in messages.  *owner* is unique
    for each claim.  A row with *take_over* replaces all earlier ones.
    """

    digest: str
    build: int
    holder: str
    owner: str
    take_over: bool = False
    released: bool = False


def conflicts(rows: Sequence[ClaimRow], digest: str) -> tuple[ClaimRow, ...]:
    """Return the claims that forbid a push of the manifest *digest*."""
    starts = [number for number, row in enumerate(rows) if row.take_over]
    standing = rows[starts[-1] :] if starts else rows
    return tuple(row for row in standing if row.digest != digest and not row.released)
