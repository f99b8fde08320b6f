"""Own repositories of bases: find the newest copy, and report what changed between two."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from ...errors import (
    BaseNotFound,
    ExtraMissing,
    ImageNotFound,
    InvalidManifest,
    LimitExceeded,
)
from ...model.cache import Entry
from ...model.cache_key import key
from ...model.image.base import choose, config_digest, read_base
from ...model.image.base_report import Contents, compare_bases, contents_of
from ...model.image.manifest import is_index, list_children
from ...model.image.package_lists import are_whole, is_list
from ...model.log import Log
from ...model.reference import Reference, Repository
from ...model.request.wire import CONVERTER, structure
from ...model.tag import NO_BASE, is_timestamp_tag, moment_after
from ...registry.interface import Manifest, Registry, required_manifest
from ...registry.layer_files import newest_files
from ..shared.cache import Cache

_PLATFORM = "linux/amd64"
_UNREADABLE = (ImageNotFound, InvalidManifest, LimitExceeded, BaseNotFound, ExtraMissing)


@attrs.frozen
class OwnedBases:
    """The bases in own repositories of a *registry*; *cache* has the contents of bases."""

    registry: Registry
    cache: Cache
    log: Log

    def newest(self, repository: Repository) -> Reference | None:
        """Return the base with the newest timestamp tag in *repository*, or None."""
        tags = [tag for tag in self.registry.list_tags(repository) if is_timestamp_tag(tag)]
        return repository.tagged(max(tags)) if tags else None

    def moment_for(self, repositories: Iterable[Repository], now: datetime) -> datetime:
        """Return the moment whose tag is newer than every base in *repositories*: *now*.

        It is later than *now* if the clock was set back since the newest base.
        """
        newest = filter(None, map(self.newest, repositories))
        return moment_after([str(base.tag) for base in newest], now)

    def report_moves(self, moves: Iterable[tuple[Reference, Reference]]) -> dict[str, str]:
        """Return the text ``bases.txt``: what changed from the old to the new base of a move.

        Return nothing if there are no moves.
        """
        reports = [self.report(old, new) for old, new in moves]
        return {"bases.txt": "\n".join(reports)} if reports else {}

    def report(self, old: Reference, new: Reference) -> str:
        """Return what changed between two bases, or why the report is not possible."""
        if old.tag == NO_BASE:
            return f"{old}\n  -> {new}\n"
        try:
            before, after = (self._contents(base) for base in (old, new))
            return compare_bases(before, after)
        except _UNREADABLE as error:
            self.log(f"cannot compare the bases: {error}")
            return f"{old}\n  -> {new}\n  cannot compare the bases: {error}\n"

    def _contents(self, reference: Reference) -> Contents:
        """Return the contents of a base: its platform linux/amd64, or else the first one.

        A worker reads each base once.  Raises one of `_UNREADABLE`.
        """
        top = required_manifest(self.registry, reference)
        name = key("contents", digest=top.digest, lists=["dpkg", "apk"])
        entry = self.cache.find(name, shared=False)
        if entry is not None:
            contents = structure(entry.record, Contents, "contents")
            return attrs.evolve(contents, reference=str(attrs.evolve(reference, digest=None)))
        contents = self._read_contents(reference, top)
        self.cache.keep(name, Entry(CONVERTER.unstructure(contents)), {}, shared=False)
        return contents

    def _read_contents(self, reference: Reference, top: Manifest) -> Contents:
        manifest = top
        if is_index(top.media_type):
            at = reference.repository.at(_choose_platform(top, reference))
            manifest = required_manifest(self.registry, at)
        config = config_digest(manifest.media_type, manifest.data, reference)
        document = self.registry.blob(reference.repository, config)
        base = read_base(reference, manifest.media_type, manifest.data, document)
        layers = [str(layer["digest"]) for layer in base.layers]
        place = reference.repository
        lists = newest_files(self.registry, place, layers, is_list, are_whole)
        return contents_of(base, top.digest, lists)


def _choose_platform(index: Manifest, reference: Reference) -> str:
    try:
        return choose(index.data, _PLATFORM, reference)
    except BaseNotFound:
        children = list_children(index.data, reference)
        if not children:
            raise
        return children[0].digest
