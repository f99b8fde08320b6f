"""The inventory: what is published now, and how it came there, from the entries in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import attrs

from ..artefact import Package
from .entries import JournalEntry, OwnedBase, Promotion, Publication

T = TypeVar("T")
HISTORY = 20
"""How many publications, promotions and bases of one repository are kept for the page."""


@attrs.frozen
class Lock:
    """A run of publications with the same packages, and the *first* of them."""

    packages: str
    first: Publication


@attrs.define
class PublishedImage:
    """One repository of images: what is published, the newest last."""

    publications: list[Publication] = attrs.field(factory=list)
    locks: list[Lock] = attrs.field(factory=list)
    promotions: dict[str, list[Promotion]] = attrs.field(factory=dict)
    by_digest: dict[str, Publication] = attrs.field(factory=dict)

    @property
    def newest(self) -> Publication:
        """Return the newest publication."""
        return self.publications[-1]

    @property
    def channels(self) -> dict[str, Promotion]:
        """Return the newest promotion of each channel."""
        return {channel: moves[-1] for channel, moves in self.promotions.items()}

    def replace(self, known: Publication, better: Publication) -> None:
        """Replace the publication *known* by *better*, which is of the same image."""
        self.by_digest[known.digest] = better
        if known in self.publications:
            self.publications[self.publications.index(known)] = better

    def lock_of(self, publication: Publication) -> Lock:
        """Return the run of publications to which *publication* belongs."""
        of_it = [lock for lock in self.locks if lock.first.at <= publication.at]
        return next(
            (lock for lock in reversed(of_it) if lock.packages == publication.packages),
            Lock(publication.packages, publication),
        )

    def find(self, name: str) -> Publication | None:
        """Return the publication of the commit or the digest *name*, the newest if several."""
        of_commit = (each for each in self.by_digest.values() if each.commit == name)
        return self.by_digest.get(name) or max(of_commit, key=lambda e: e.at, default=None)


@attrs.define
class Inventory:
    """All images and bases of the journal, by repository."""

    images: dict[str, PublishedImage] = attrs.field(factory=dict)
    bases: dict[str, list[OwnedBase]] = attrs.field(factory=dict)

    def add(self, entry: JournalEntry) -> None:
        """Add the next *entry* of the journal."""
        if isinstance(entry, Publication):
            self._publish(entry)
        elif isinstance(entry, Promotion):
            image = self.images.setdefault(entry.repository, PublishedImage())
            moves = image.promotions.setdefault(entry.channel, [])
            _keep(moves, entry)
        else:
            _keep(self.bases.setdefault(entry.repository, []), entry)

    def has(self, entry: JournalEntry) -> bool:
        """Return whether *entry* would only repeat what the journal says already."""
        if isinstance(entry, Publication):
            image = self.images.get(entry.repository)
            known = image.by_digest.get(entry.digest) if image else None
            return known is not None and _confirmed(known, entry) == known
        if isinstance(entry, Promotion):
            image = self.images.get(entry.repository)
            now = image.channels.get(entry.channel) if image else None
            return now is not None and now.digest == entry.digest
        if isinstance(entry, OwnedBase):
            kept = self.bases.get(entry.repository, [])
            return any(base.reference == entry.reference for base in kept)
        return False

    def published(self) -> Iterator[PublishedImage]:
        """Yield the images that have a publication, by repository."""
        for repository in sorted(self.images):
            if self.images[repository].publications:
                yield self.images[repository]

    def _publish(self, entry: Publication) -> None:
        image = self.images.setdefault(entry.repository, PublishedImage())
        known = image.by_digest.get(entry.digest)
        if known is not None:
            image.replace(known, _confirmed(known, entry))
            return
        image.by_digest[entry.digest] = entry
        if not image.locks or image.locks[-1].packages != entry.packages:
            image.locks.append(Lock(entry.packages, entry))
        _keep(image.publications, entry)


def _confirmed(known: Publication, again: Publication) -> Publication:
    """Return the publication *known*, with what a later build of the same image found."""
    return attrs.evolve(
        known,
        tested=known.tested or again.tested,
        verified=known.verified or again.verified,
    )


def _keep(kept: list[T], entry: T) -> None:
    """Append *entry*, and drop what is too old."""
    kept.append(entry)
    del kept[:-HISTORY]


def changed_packages(
    before: Mapping[str, Package], after: Mapping[str, Package]
) -> list[tuple[str, str, str]]:
    """Return name, old version and new version of each package that differs; "" is none."""
    rows = []
    for name in sorted(before.keys() | after.keys()):
        old = before[name].version if name in before else ""
        new = after[name].version if name in after else ""
        if old != new:
            rows.append((name, old, new))
    return rows
