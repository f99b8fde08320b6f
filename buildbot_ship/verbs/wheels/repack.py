"""Repack the wheel of an own package if its build would only copy the changed files."""

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
from ..shared.job_result import reading_result
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.own_packages import list_build_files, repository_path
from ..shared.tools_image import BUILD_TOOLS

LARGEST = 16 << 20
"""Limit of the changed files, in bytes: a wheel is repacked in memory."""


@attrs.frozen
class TraceReport:
    """The report of ``unread_files.py`` on the build of a package.

    *members* are the files that the build copied into the wheel without reading them: paths in
    the wheel by path in the package.  *inputs* are the paths of the files that it read.
    """

    members: dict[str, str]
    inputs: tuple[str, ...]


@attrs.frozen
class BuiltWheel:
    """A *wheel* in *folder*, and the version of *zlib* that compressed it."""

    wheel: Wheel
    folder: Path
    zlib: str


@attrs.frozen
class Repacker:
    """Repacks the wheels of own packages in *plan* with the files of *tree*.

    The records of builds stay in this worker's cache, because the build itself, which may be
    hostile, reports them.
    """

    plan: WheelsPlan
    build_base: BuildBase
    tree: Tree
    runner: JobRunner

    def record_build(self, number: int, report: TraceReport, built: BuiltWheel) -> None:
        """Record the *report* on the build of section *number*, with the wheel.

        A report about files that the package does not have is ignored.
        """
        paths = {*report.members, *report.inputs}
        now = self._survey(number, paths)
        names = {path: file.identity for path, file in now.files.items()}
        if names.keys() != paths:
            return
        members = {path: Member(name, names[path]) for path, name in report.members.items()}
        inputs = {path: names[path] for path in report.inputs}
        wheel = built.wheel
        record = RepackRecord(wheel, now.shape, inputs, members, built.zlib)
        blobs = (Blob(wheel.file, wheel.digest, wheel.size),)
        files = {wheel.digest: built.folder / wheel.file}
        entry = Entry(CONVERTER.unstructure(record), blobs)
        self.runner.cache.keep(self._key(number), entry, files, shared=False)

    def repack(self, number: int, folder: Path) -> Wheel | None:
        """Write the wheel that a build of section *number* would make to *folder*; return it.

        Return None if a build is necessary.
        """
        entry = self.runner.cache.find(self._key(number), shared=False)
        if entry is None:
            return None
        recorded = structure(entry.record, RepackRecord, "the record of a build")
        changed = recorded.changed(self._survey(number, recorded.paths))
        if changed is None or sum(file.size for file in changed) > LARGEST:
            return None
        path = folder / recorded.wheel.file
        if not self.runner.cache.fetch(entry.blobs[0], path):
            return None
        section = self.plan.sections[number]
        changes = {
            recorded.members[file.path].name: required(
                self.tree, repository_path(section.source, file.path)
            )
            for file in changed
        }
        data = self._rewrite(path, recorded, changes)
        if data is None:
            return None
        self.runner.log(_message(section.title, changed))
        path.unlink()
        path.write_bytes(data)
        return attrs.evolve(recorded.wheel, digest=digest_of(data), size=len(data))

    def _survey(self, number: int, wanted: Container[str]) -> Survey:
        return survey(list_build_files(self.tree, self.plan.sections[number].source), wanted)

    def _rewrite(
        self, old: Path, recorded: RepackRecord, changes: Mapping[str, bytes]
    ) -> bytes | None:
        """Return the bytes of the wheel *old* with the *changes*, by member.

        They are the bytes that a build would make.  Return None if the wheel has no such
        members: the build reported something wrong.
        """
        # Imported late: few builds repack a wheel, and it imports zipfile.
        from ...model.application.wheel_rewrite import repack_wheel  # noqa: PLC0415

        data = old.read_bytes()
        try:
            if recorded.zlib == zlib.ZLIB_RUNTIME_VERSION and repack_wheel(data, {}) == data:
                return repack_wheel(data, changes)
        except ValueError:
            return None
        return self._rewrite_in_container(old, changes)

    def _rewrite_in_container(self, old: Path, changes: Mapping[str, bytes]) -> bytes:
        """Rewrite the wheel in the tools image: the worker's zlib makes other bytes."""
        tools = self.runner.tools(self.build_base.reference, BUILD_TOOLS).image
        paths = {name: f"changes/{number}" for number, name in enumerate(changes)}
        inputs = [JobFile(old.name, old)]
        inputs += [JobFile(path, changes[name]) for name, path in paths.items()]
        arguments = {"wheel": old.name, "changes": paths}
        with self.runner.work.scratch() as scratch:
            out = scratch / "repacked"
            self.runner.run("repack", tools, arguments, out, tuple(inputs), prepare_next=True)
            with reading_result("repack"):
                return (out / old.name).read_bytes()

    def _key(self, number: int) -> str:
        return self.plan.repack_key(number, self.build_base.key)


def _message(title: str, changed: Sequence[SourceFile]) -> str:
    if not changed:
        return f"{title}: not built: no file changed that its build opens"
    what = changed[0].path if len(changed) == 1 else counted(len(changed), "file")
    return f"{title}: repacked instead of built: its build only copies {what}"
