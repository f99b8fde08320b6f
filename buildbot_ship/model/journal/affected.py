"""Are we affected?  The published images that contain a package, and through which packages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

import attrs
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from ...errors import InvalidRequest
from ..artefact import Package
from .entries import Publication
from .inventory import Inventory, Lock, PublishedImage

Packages = Mapping[str, Mapping[str, Package]]
"""Packages by name, by the digest that names them."""


@attrs.frozen
class Affected:
    """A published image that contains the package *name* in *version*.

    *since* is the first publication with these packages.  *through* is the shortest chain of
    packages that leads to it, from a package that nobody requires.  *channels* are those that
    name the image now.  *newest* is true for the newest publication of its repository.
    """

    publication: Publication
    name: str
    version: str
    since: Publication
    through: tuple[str, ...]
    channels: tuple[str, ...]
    newest: bool


def parse_query(text: str) -> Requirement:
    """Return the package in *text*: ``NAME``, ``NAME==VERSION`` or ``NAME<VERSION``.

    Raises InvalidRequest.
    """
    try:
        asked = Requirement(text)
    except InvalidRequirement:
        why = "write a name, or a name and versions: urllib3, urllib3==2.2.1, urllib3<2.5"
        raise InvalidRequest(text[:100], why) from None
    if asked.url or asked.marker or asked.extras:
        raise InvalidRequest(text[:100], "write a name and versions only")
    return asked


def find_affected(
    inventory: Inventory, packages: Packages, asked: Requirement
) -> Iterator[Affected]:
    """Yield the published images that contain the package *asked*.

    Only images that somebody may run are searched: the newest of each repository, and those
    that a channel names.  *packages* are by the digest in a publication, and lack nothing that
    `missing_packages` names.
    """
    name = canonicalize_name(asked.name)
    for image, publication, version in _matching(inventory, packages, asked):
        since = publication
        for lock in _locks_with(image, publication, packages, name, version):
            since = lock.first
        yield Affected(
            publication,
            name,
            version,
            since,
            find_chain(packages[publication.packages], name),
            channels_of(image, publication.digest),
            publication is image.newest,
        )


def missing_packages(inventory: Inventory, packages: Packages, asked: Requirement) -> set[str]:
    """Return digests of packages that `find_affected` needs next; none if it has all.

    An old history is only read as far as it has the same version.
    """
    used = (each for image in inventory.published() for each in in_use(image))
    missing = {publication.packages for publication in used} - packages.keys()
    if missing:
        return missing
    name = canonicalize_name(asked.name)
    for image, publication, version in _matching(inventory, packages, asked):
        for lock in _locks_with(image, publication, packages, name, version):
            if lock.packages not in packages:
                missing.add(lock.packages)
    return missing


def in_use(image: PublishedImage) -> list[Publication]:
    """Return the newest publication of *image*, and those that its channels name."""
    named = [image.by_digest.get(move.digest) for move in image.channels.values()]
    found = {each.digest: each for each in (image.newest, *named) if each is not None}
    return list(found.values())


def channels_of(image: PublishedImage, digest: str) -> tuple[str, ...]:
    """Return the channels that name the image *digest*."""
    return tuple(sorted(n for n, move in image.channels.items() if move.digest == digest))


def find_chain(packages: Mapping[str, Package], name: str) -> tuple[str, ...]:
    """Return the shortest chain to *name*, from a package that nobody requires."""
    requirers: dict[str, list[str]] = {}
    for requirer in sorted(packages):
        for required in packages[requirer].requires:
            requirers.setdefault(required, []).append(requirer)
    chain: tuple[str, ...] = (name,)
    seen, todo = {name}, deque([chain])
    while todo:
        chain = todo.popleft()
        above = requirers.get(chain[0], [])
        if not above:
            return chain
        todo.extend((each, *chain) for each in above if each not in seen)
        seen.update(above)
    return chain


def _matches(asked: Requirement, version: str) -> bool:
    try:
        return asked.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        # A worker reported it.
        return False


def _matching(
    inventory: Inventory, packages: Packages, asked: Requirement
) -> Iterator[tuple[PublishedImage, Publication, str]]:
    """Yield image, publication and version of each match."""
    name = canonicalize_name(asked.name)
    for image in inventory.published():
        for publication in in_use(image):
            found = packages[publication.packages].get(name)
            if found is not None and _matches(asked, found.version):
                yield image, publication, found.version


def _locks_with(
    image: PublishedImage, publication: Publication, packages: Packages, name: str, version: str
) -> Iterator[Lock]:
    """Yield the lock of *publication* and those before it that have *version*, newest first.

    The last one may be a lock whose packages are not among *packages*.
    """
    own = image.lock_of(publication)
    yield own
    for lock in reversed([lock for lock in image.locks if lock.first.at < own.first.at]):
        if lock.packages not in packages:
            yield lock
            return
        found = packages[lock.packages].get(name)
        if found is None or found.version != version:
            return
        yield lock
