"""Wheels of own packages that need no build, for nobody looked into what changed in them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from ..model.application.carried import Carried, Seen
from ..model.application.wheels import WheelsPlan
from ..model.artefact import Wheel
from ..model.cache import Blob, Entry
from ..model.reference import digest_of
from ..model.request.wire import CONVERTER, structure
from ..model.result import counted
from ..source.interface import Tree, required
from .own import path_of
from .workshop import Ground, Workshop

LARGEST = 16 << 20
"""Bytes of a wheel's parts that are put together in memory."""


@attrs.frozen
class Renewals:
    """Renews the wheels of a *plan*'s own packages, of *trees* of files by folder.

    What a build carried is noted on this worker only, for it is the build that says so.
    """

    plan: WheelsPlan
    ground: Ground
    tree: Tree
    trees: Mapping[str, Mapping[str, Seen]]
    shop: Workshop

    def keep(self, number: int, wheel: Wheel, members: Mapping[str, str], made_by: str) -> None:
        """Note what the build of a section carried; the cache has the wheel."""
        files = dict(self.trees[self.plan.sections[number].source])
        carried = Carried(wheel, files, dict(members), made_by)
        blob = Blob(wheel.file, wheel.digest, wheel.size)
        entry = Entry(CONVERTER.unstructure(carried), (blob,))
        self.shop.cache.keep(self._key(number), entry, {}, shared=False)

    def renew(self, number: int, folder: Path) -> Wheel | None:
        """Return the wheel that the build of a section would make, and leave it in *folder*.

        None where there has to be a build.
        """
        entry = self.shop.cache.find(self._key(number), shared=False)
        if entry is None:
            return None
        carried = structure(entry.record, Carried, "what a build carried")
        section = self.plan.sections[number]
        changed = carried.changed(self.trees[section.source])
        if changed is None or carried.zlib != zlib.ZLIB_RUNTIME_VERSION:
            return None
        path = folder / carried.wheel.file
        if not self.shop.cache.fetch(entry.blobs[0], path):
            return None
        data = self._renewed(path.read_bytes(), carried, changed, section.source)
        if data is None:
            return None
        path.unlink()
        path.write_bytes(data)
        wheel = attrs.evolve(carried.wheel, digest=digest_of(data), size=len(data))
        self.shop.log(_said(section.title, changed))
        return wheel

    def _renewed(
        self, old: bytes, carried: Carried, changed: Sequence[str], folder: str
    ) -> bytes | None:
        """Return the wheel with what *changed*, if its bytes can be had here to the bit."""
        # Imported late: few builds come to it, and it takes the reading of archives.
        from ..model.application.renew import renew  # noqa: PLC0415

        changes = {
            name: required(self.tree, path_of(folder, path))
            for path in changed
            if (name := carried.members[path])
        }
        if sum(map(len, changes.values())) > LARGEST or renew(old, {}) != old:
            return None
        return renew(old, changes)

    def _key(self, number: int) -> str:
        return self.plan.carried_key(number, self.ground.key)


def _said(title: str, changed: Sequence[str]) -> str:
    what = changed[0] if len(changed) == 1 else counted(len(changed), "file")
    return f"{title}: not built, for its build only carries {what} into the wheel"
