"""Wheels of own packages that need no build, for nobody looked into what changed in them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from ..daemon.interface import JobFile
from ..model.application.carried import Carried, Seen
from ..model.application.wheels import WheelsPlan
from ..model.artefact import Wheel
from ..model.cache import Blob, Entry
from ..model.reference import digest_of
from ..model.request.wire import CONVERTER, structure
from ..model.result import counted
from ..source.interface import Tree, required
from .own import path_of
from .tools import MAKING
from .workshop import Ground, Workshop

LARGEST = 16 << 20
"""Bytes of what changed that are put into a wheel in memory."""


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

    def keep(self, number: int, carried: Mapping[str, str], made: Made) -> None:
        """Note what the build of a section carried into the wheel that it *made*."""
        files = dict(self.trees[self.plan.sections[number].source])
        wheel = made.wheel
        record = Carried(wheel, files, dict(carried), made.zlib)
        entry = Entry(
            CONVERTER.unstructure(record), (Blob(wheel.file, wheel.digest, wheel.size),)
        )
        kept = {wheel.digest: made.folder / wheel.file}
        self.shop.cache.keep(self._key(number), entry, kept, shared=False)

    def renew(self, number: int, folder: Path) -> Wheel | None:
        """Return the wheel that the build of a section would make, and leave it in *folder*.

        None where there has to be a build.
        """
        entry = self.shop.cache.find(self._key(number), shared=False)
        if entry is None:
            return None
        carried = structure(entry.record, Carried, "what a build carried")
        section = self.plan.sections[number]
        files = self.trees[section.source]
        changed = carried.changed(files)
        if changed is None or sum(files[path].size for path in changed) > LARGEST:
            return None
        path = folder / carried.wheel.file
        if not self.shop.cache.fetch(entry.blobs[0], path):
            return None
        self.shop.log(_said(section.title, changed))
        data = self._renewed(path, carried, self._changes(section.source, carried, changed))
        path.unlink()
        path.write_bytes(data)
        return attrs.evolve(carried.wheel, digest=digest_of(data), size=len(data))

    def _changes(
        self, folder: str, carried: Carried, changed: Sequence[str]
    ) -> dict[str, bytes]:
        """Return the new bytes of members."""
        return {
            carried.members[path]: required(self.tree, path_of(folder, path))
            for path in changed
            if carried.members[path]
        }

    def _renewed(self, old: Path, carried: Carried, changes: Mapping[str, bytes]) -> bytes:
        """Return the wheel with the *changes*, of the bytes that its build would give it."""
        # Imported late: few builds come to it, and it takes the reading of archives.
        from ..model.application.renew import renew  # noqa: PLC0415

        data = old.read_bytes()
        if carried.zlib == zlib.ZLIB_RUNTIME_VERSION and renew(data, {}) == data:
            return renew(data, changes)
        return self._renewed_inside(old, changes)

    def _renewed_inside(self, old: Path, changes: Mapping[str, bytes]) -> bytes:
        """Do it where the wheel was built: here it would be compressed in another way."""
        tools = self.shop.tools(self.ground.base, MAKING).image
        paths = {name: f"changes/{number}" for number, name in enumerate(changes)}
        inputs = [JobFile(old.name, old)]
        inputs += [JobFile(path, changes[name]) for name, path in paths.items()]
        arguments = {"wheel": old.name, "changes": paths}
        with self.shop.work.scratch() as scratch:
            out = scratch / "renewed"
            self.shop.run("renewal", tools, arguments, out, tuple(inputs), more=True)
            return (out / old.name).read_bytes()

    def _key(self, number: int) -> str:
        return self.plan.carried_key(number, self.ground.key)


@attrs.frozen
class Made:
    """A *wheel* that lies in *folder*, compressed by a version of *zlib*."""

    wheel: Wheel
    folder: Path
    zlib: str


def _said(title: str, changed: Sequence[str]) -> str:
    what = changed[0] if len(changed) == 1 else counted(len(changed), "file")
    return f"{title}: not built, for its build only carries {what} into the wheel"
