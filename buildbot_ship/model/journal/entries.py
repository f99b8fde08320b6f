"""The entries of the journal: one for each image that was published or promoted, and each base.

An entry is JSON in the master's database: its field ``kind`` names the class.  Fields that this
version does not know are ignored, because several masters write one journal.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError

CONVERTER = Converter()


@attrs.frozen
class BuildName:
    """A build: its database *id*, its *number* in the builder *builder_id* named *builder*."""

    id: int
    number: int
    builder_id: int
    builder: str


@attrs.frozen
class Publication:
    """An image that `PushTagged` published: *digest* under *reference*, built for *commit*.

    *size* is in bytes, base layers included.  *base* is the reference of the runtime base, with
    its digest.  *packages* is the digest under which the journal keeps the packages.  *tested*
    and *verified* tell whether this image passed `SmokeTest` and `VerifyReproducible`.  *at* is
    the time in UTC, ISO 8601.
    """

    image: str
    repository: str
    commit: str
    reference: str
    digest: str
    size: int
    base: str
    packages: str
    tested: bool
    verified: bool
    build: BuildName
    at: str


@attrs.frozen
class Promotion:
    """The tag *channel* of *repository* was moved from the image *previous* to *digest*.

    *previous* is empty if the channel was new.  *who* asked for it, in Buildbot's words.
    """

    repository: str
    channel: str
    digest: str
    previous: str
    commit: str
    who: str
    build: BuildName
    at: str


@attrs.frozen
class OwnedBase:
    """A base that `RetagBase` or `DeriveBase` tagged: *reference* has the content *digest*.

    *source* is the upstream image or the Dockerfile.  *changes* are lines that tell which
    packages of the operating system changed since the base before.
    """

    repository: str
    source: str
    reference: str
    digest: str
    changes: tuple[str, ...]
    build: BuildName
    at: str


JournalEntry: TypeAlias = Publication | Promotion | OwnedBase
KINDS: dict[str, type[Any]] = {
    "published": Publication,
    "promoted": Promotion,
    "base": OwnedBase,
}


def to_json(entry: JournalEntry) -> dict[str, Any]:
    """Return *entry* as JSON values."""
    kind = next(name for name, each in KINDS.items() if isinstance(entry, each))
    return {"kind": kind, **CONVERTER.unstructure(entry)}


def from_json(data: Any) -> JournalEntry | None:
    """Return the entry in *data*; None if this version cannot read it."""
    kind = KINDS.get(data.get("kind", "")) if isinstance(data, dict) else None
    if kind is None:
        return None
    try:
        entry: JournalEntry = CONVERTER.structure(data, kind)
    except (BaseValidationError, TypeError, ValueError, LookupError):
        return None
    return entry
