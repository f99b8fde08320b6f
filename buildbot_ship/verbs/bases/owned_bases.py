"""Own copies of bases: which is the newest, and what is in one."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ...errors import BaseNotFound, ImageNotFound, InvalidManifest, LimitExceeded
from ...model.cache import Entry
from ...model.cache_key import key
from ...model.image.base import choose, config_digest, read_base
from ...model.image.base_report import STATUS, Contents, compare_bases, contents_of
from ...model.image.manifest import is_index, list_children
from ...model.log import Log
from ...model.reference import Reference, Repository
from ...model.request.wire import CONVERTER, structure
from ...model.tag import is_timestamp_tag
from ...registry.interface import Manifest, Registry, required_manifest
from ...registry.layer_files import newest_file
from ..shared.cache import Cache

_PLATFORM = "linux/amd64"


def newest(registry: Registry, repository: Repository) -> Reference | None:
    """Return the own copy with the newest timestamp, or None."""
    tags = [tag for tag in registry.list_tags(repository) if is_timestamp_tag(tag)]
    return repository.tagged(max(tags)) if tags else None


def read_contents(registry: Registry, cache: Cache, reference: Reference) -> Contents:
    """Return what is in a base, of linux/amd64 or else of its first platform.

    A worker reads each base once.  Raises ImageNotFound, InvalidManifest, LimitExceeded.
    """
    top = required_manifest(registry, reference)
    name = key("contents", digest=top.digest)
    known = cache.find(name, shared=False)
    if known is not None:
        contents = structure(known.record, Contents, "contents")
        return attrs.evolve(contents, reference=str(attrs.evolve(reference, digest=None)))
    found = _read_contents(registry, reference, top)
    cache.keep(name, Entry(CONVERTER.unstructure(found)), {}, shared=False)
    return found


def _read_contents(registry: Registry, reference: Reference, top: Manifest) -> Contents:
    manifest = top
    if is_index(top.media_type):
        at = reference.repository.at(_platform(top, reference))
        manifest = required_manifest(registry, at)
    config = config_digest(manifest.media_type, manifest.data, reference)
    document = registry.blob(reference.repository, config)
    base = read_base(reference, manifest.media_type, manifest.data, document)
    layers = [str(layer["digest"]) for layer in base.layers]
    status = newest_file(registry, reference.repository, layers, STATUS)
    return contents_of(base, top.digest, status)


def report_moves(
    registry: Registry, cache: Cache, moves: Iterable[tuple[Reference, Reference]], log: Log
) -> dict[str, str]:
    """Return what changed between the two bases of each move, as a text by name, if any."""
    changes = [report(registry, cache, old, new, log) for old, new in moves]
    return {"bases.txt": "\n".join(changes)} if changes else {}


def report(registry: Registry, cache: Cache, old: Reference, new: Reference, log: Log) -> str:
    """Return what changed between two bases, or why that cannot be told."""
    try:
        before, after = (read_contents(registry, cache, base) for base in (old, new))
        return compare_bases(before, after)
    except (ImageNotFound, InvalidManifest, LimitExceeded, BaseNotFound) as error:
        log(f"what changed cannot be told: {error}")
        return f"{old}\n  -> {new}\n  what changed cannot be told: {error}\n"


def _platform(index: Manifest, reference: Reference) -> str:
    try:
        return choose(index.data, _PLATFORM, reference)
    except BaseNotFound:
        children = list_children(index.data, reference)
        if not children:
            raise
        return children[0].digest
