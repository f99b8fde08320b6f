"""The rows of the Ship page as JSON values, from the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..model.artefact import Package
from ..model.journal.affected import Affected
from ..model.journal.entries import OwnedBase, Promotion, Publication
from ..model.journal.inventory import PublishedImage, changed_packages
from ..model.reference import Reference

_MOST_CHANGES = 12
"""How many changed packages a row shows."""

Packages = Mapping[str, Mapping[str, Package]]


def image_row(image: PublishedImage, packages: Packages) -> dict[str, Any]:
    """Return the row of an *image*: its newest publication, its sizes and its channels."""
    newest = image.newest
    lock = image.lock_of(newest)
    return {
        **publication_row(newest),
        "repository": newest.repository,
        "image": newest.image,
        "sizes": [publication.size for publication in image.publications],
        "base": newest.base.partition("@")[0],
        "base_tag": tag_of(newest.base),
        "packages": len(packages.get(newest.packages, {})),
        "lock": {"at": lock.first.at, "commit": lock.first.commit},
        "changes": lock_changes(image, packages),
        "channels": {
            name: promotion_row(image, move) for name, move in sorted(image.channels.items())
        },
    }


def publication_row(publication: Publication) -> dict[str, Any]:
    """Return what is shown of one publication."""
    names = ("commit", "reference", "digest", "size", "tested", "verified", "at")
    return {
        **{name: getattr(publication, name) for name in names},
        "build": attrs.asdict(publication.build),
    }


def promotion_row(image: PublishedImage, move: Promotion) -> dict[str, Any]:
    """Return what is shown of one promotion; *before* is the commit of the image before."""
    before = image.by_digest.get(move.previous)
    names = ("channel", "digest", "previous", "commit", "who", "at")
    return {
        **{name: getattr(move, name) for name in names},
        "before": before.commit if before else "",
        "build": attrs.asdict(move.build),
    }


def lock_changes(image: PublishedImage, packages: Packages) -> dict[str, Any]:
    """Return which packages changed when the requirements of *image* last did."""
    if len(image.locks) < 2:
        return {"count": 0, "shown": []}
    before, after = (packages.get(lock.packages, {}) for lock in image.locks[-2:])
    changed = changed_packages(before, after)
    return {"count": len(changed), "shown": changed[:_MOST_CHANGES]}


def history_rows(image: PublishedImage) -> dict[str, Any]:
    """Return the last publications and promotions of *image*, the newest first."""
    # Times have seconds: of two in one second, the later one must come first.
    moves = [move for moves in image.promotions.values() for move in reversed(moves)]
    moves.sort(key=lambda move: move.at, reverse=True)
    return {
        "publications": [publication_row(each) for each in reversed(image.publications)],
        "promotions": [promotion_row(image, move) for move in moves],
    }


def base_row(bases: Sequence[OwnedBase], users: Sequence[str]) -> dict[str, Any]:
    """Return the row of the *bases* of one repository; *users* are the images on the newest."""
    newest = bases[-1]
    return {
        "repository": newest.repository,
        "source": newest.source,
        "users": list(users),
        "versions": [
            {
                "tag": tag_of(base.reference),
                "digest": base.digest,
                "at": base.at,
                "changes": list(base.changes),
                "build": attrs.asdict(base.build),
            }
            for base in reversed(bases)
        ],
    }


def affected_row(found: Affected) -> dict[str, Any]:
    """Return one image that contains the package in question."""
    published = found.publication
    return {
        "repository": published.repository,
        "image": published.image,
        "reference": published.reference,
        "digest": published.digest,
        "commit": published.commit,
        "name": found.name,
        "version": found.version,
        "since": {"commit": found.since.commit, "at": found.since.at},
        "through": list(found.through),
        "channels": list(found.channels),
        "newest": found.newest,
    }


def tag_of(reference: str) -> str:
    """Return the tag in *reference*, or "" if it has none."""
    return Reference.parse(reference).tag or ""
