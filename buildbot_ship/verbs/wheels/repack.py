"""Wheels of own packages that need no build, for nobody looked into what changed in them."""

from __future__ import annotations

import zlib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

import attrs

from ...daemon.interface import JobFile
from ...model.application.repack_plan import Member, RepackRecord, SourceFile, Survey, survey
from ...model.application.wheel_plan import WheelsPlan
from ...model.artefact import Wheel
from ...model.cache import Blob, Entry
from ...model.reference import digest_of
from ...model.request.wire import CONVERTER, structure
from ...model.result import counted
from ...source.interface import Tree, required
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.own_packages import files_of, path_of
from ..shared.tools_image import MAKING

LARGEST = 16 << 20
"""Bytes of what changed that are put into a wheel in memory."""


@attrs.frozen
class Told:
    """What ``unread_files.py`` found: the *members* by path, the paths of the *inputs*."""

    members: dict[str, str]
    inputs: tuple[str, ...]


@attrs.frozen
class Repacker:
    """Renews the wheels of a *plan*'s own packages, as *tree* has them.

    What a build carried is noted on this worker only, for it is the build that says so.
    """

    plan: WheelsPlan
    build_base: BuildBase
    tree: Tree
    runner: JobRunner

    def keep(self, number: int, told: Told, made: Made) -> None:
        """Note what the build of a section carried into the wheel that it *made*."""
        paths = {*told.members, *told.inputs}
        now = self._survey(number, paths)
        names = {path: file.identity for path, file in now.files.items()}
        if names.keys() != paths:
            return
        members = {path: Member(name, names[path]) for path, name in told.members.items()}
        inputs = {path: names[path] for path in told.inputs}
        wheel = made.wheel
        record = RepackRecord(wheel, now.shape, inputs, members, made.zlib)
        blobs = (Blob(wheel.file, wheel.digest, wheel.size),)
        kept = {wheel.digest: made.folder / wheel.file}
        entry = Entry(CONVERTER.unstructure(record), blobs)
        self.runner.cache.keep(self._key(number), entry, kept, shared=False)

    def renew(self, number: int, folder: Path) -> Wheel | None:
        """Return the wheel that the build of a section would make, and leave it in *folder*.

        None where there has to be a build.
        """
        entry = self.runner.cache.find(self._key(number), shared=False)
        if entry is None:
            return None
        carried = structure(entry.record, RepackRecord, "what a build carried")
        changed = carried.changed(self._survey(number, carried.paths))
        if changed is None or sum(file.size for file in changed) > LARGEST:
            return None
        path = folder / carried.wheel.file
        if not self.runner.cache.fetch(entry.blobs[0], path):
            return None
        section = self.plan.sections[number]
        changes = {
            carried.members[file.path].name: required(
                self.tree, path_of(section.source, file.path)
            )
            for file in changed
        }
        data = self._renewed(path, carried, changes)
        if data is None:
            return None
        self.runner.log(_said(section.title, changed))
        path.unlink()
        path.write_bytes(data)
        return attrs.evolve(carried.wheel, digest=digest_of(data), size=len(data))

    def _survey(self, number: int, wanted: Container[str]) -> Survey:
        return survey(files_of(self.tree, self.plan.sections[number].source), wanted)

    def _renewed(
        self, old: Path, carried: RepackRecord, changes: Mapping[str, bytes]
    ) -> bytes | None:
        """Return the wheel with the *changes*, of the bytes that its build would give it.

        None where it has no such members: what is noted is what a build said.
        """
        # Imported late: few builds come to it, and it takes the reading of archives.
        from ...model.application.wheel_rewrite import repack_wheel  # noqa: PLC0415

        data = old.read_bytes()
        try:
            if carried.zlib == zlib.ZLIB_RUNTIME_VERSION and repack_wheel(data, {}) == data:
                return repack_wheel(data, changes)
        except ValueError:
            return None
        return self._renewed_inside(old, changes)

    def _renewed_inside(self, old: Path, changes: Mapping[str, bytes]) -> bytes:
        """Do it where the wheel was built: here it would be compressed in another way."""
        tools = self.runner.tools(self.build_base.reference, MAKING).image
        paths = {name: f"changes/{number}" for number, name in enumerate(changes)}
        inputs = [JobFile(old.name, old)]
        inputs += [JobFile(path, changes[name]) for name, path in paths.items()]
        arguments = {"wheel": old.name, "changes": paths}
        with self.runner.work.scratch() as scratch:
            out = scratch / "repacked"
            self.runner.run("repack", tools, arguments, out, tuple(inputs), prepare_next=True)
            return (out / old.name).read_bytes()

    def _key(self, number: int) -> str:
        return self.plan.repack_key(number, self.build_base.key)


@attrs.frozen
class Made:
    """A *wheel* that lies in *folder*, compressed by a version of *zlib*."""

    wheel: Wheel
    folder: Path
    zlib: str


def _said(title: str, changed: Sequence[SourceFile]) -> str:
    if not changed:
        return f"{title}: not built, for nothing changed that its build opens"
    what = changed[0].path if len(changed) == 1 else counted(len(changed), "file")
    return f"{title}: not built, for its build only carries {what} into the wheel"
