"""Provide the wheels of a plan: from the cache, repacked, or downloaded and built."""

from __future__ import annotations

from pathlib import Path

import attrs

from ...daemon.interface import JobFile
from ...model.application.wheel_plan import (
    Chosen,
    Missing,
    WheelsPlan,
    build_arguments,
    choose,
    index_wheel_key,
    section_text,
)
from ...model.artefact import Wheel
from ...model.cache import Blob, Entry
from ...model.request.wire import CONVERTER, structure
from ...source.interface import Tree
from ..shared.job_result import reading_result
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.own_packages import digest_of_files, export_package, list_build_files
from ..shared.tools_image import BUILD_TOOLS
from .build_result import BuildResult
from .repack import BuiltWheel, Repacker
from .version_inputs import VersionInputs
from .wheel_set import WheelSet

DOWNLOAD_FOLDERS = DOWNLOADED, RESTORED = "fetched", "known"
"""The folders of a scratch folder with new files, and with files from the cache."""
_REPACKED, _BUILT = "repacked", "built/wheelhouse"


def new_wheel_folders(scratch: Path) -> tuple[Path, ...]:
    """Return the folders of *scratch* in which `WheelBuilder.make_missing` puts wheels."""
    return scratch / _REPACKED, scratch / _BUILT


@attrs.frozen
class WheelBuilder:
    """Provides the wheels of *plan*; *keys* are the cache keys of its sections' wheels.

    1. `find_cached` looks all wheels up in the cache.
    2. `make_missing` repacks wheels of own packages if their build would not read the changes.
       It downloads and builds the rest, each in a throw-away container.
    """

    plan: WheelsPlan
    keys: tuple[str, ...]
    versions: tuple[VersionInputs, ...]
    tree: Tree
    build_base: BuildBase
    runner: JobRunner
    repacker: Repacker

    @classmethod
    def of(
        cls, plan: WheelsPlan, tree: Tree, build_base: BuildBase, runner: JobRunner
    ) -> WheelBuilder:
        """Return the builder of *plan* for the commit of *tree*."""
        versions = tuple(
            VersionInputs.of(number, section, tree)
            for number, section in enumerate(plan.sections)
        )
        trees = {
            each.section.source: _package_digest(each, tree)
            for each in versions
            if plan.own(each.number)
        }
        keys = plan.wheel_keys(build_base.key, trees)
        repacker = Repacker(plan, build_base, tree, runner)
        return cls(plan, keys, versions, tree, build_base, runner, repacker)

    def find_cached(self) -> WheelSet:
        """Return the wheels that the cache has.

        The pins count as missing if a built wheel among them is missing.
        """
        sections = {}
        for number, key in enumerate(self.keys):
            entry = self.runner.cache.find(key)
            if entry is not None:
                sections[number] = structure(entry.record, Wheel, "wheel")
        wheelhouse = self.runner.cache.find(self.plan.key(self.build_base.key))
        if wheelhouse is None:
            return WheelSet(self.plan, None, sections)
        pins = structure(wheelhouse.record, _Wheels, "wheels").wheels
        built = {wheel.digest for wheel in pins if wheel.built}
        complete = built <= {wheel.digest for wheel in sections.values()}
        return WheelSet(self.plan, pins if complete else None, sections)

    def make_missing(self, available: WheelSet, scratch: Path) -> WheelSet:
        """Return the complete set; new wheels are in `new_wheel_folders` of *scratch*.

        Raises JobFailed, LimitExceeded, and the errors of registry and engine.
        """
        available = self._repack(available, scratch)
        missing = available.missing
        if missing is None:
            return available
        return self._download_and_build(available, missing, scratch)

    def _repack(self, available: WheelSet, scratch: Path) -> WheelSet:
        """Return *available* with the wheels of own packages that need no build."""
        missing, repacked, folder = available.missing, {}, scratch / _REPACKED
        folder.mkdir()
        for number in missing.sections if missing else ():
            wheel = self.repacker.repack(number, folder) if self.plan.own(number) else None
            if wheel is not None:
                repacked[number] = wheel
                self._cache_wheel(self.keys[number], wheel, folder, shared=True)
        sections = {**available.sections, **repacked}
        return attrs.evolve(available, sections=sections, repacked=tuple(repacked))

    def _download_and_build(
        self, available: WheelSet, missing: Missing, scratch: Path
    ) -> WheelSet:
        # Imported late: after a changed line nothing is downloaded.
        from .downloads import Downloads  # noqa: PLC0415

        downloads = Downloads(self.plan, self.build_base, self.runner)
        cached = downloads.cached_wheels() if missing.pins else {}
        sdists = {self.plan.sections[number].sdist_hash or "" for number in available.sections}
        missing = attrs.evolve(missing, known=frozenset(cached) | sdists - {""})
        tools = self.runner.tools(self.build_base.reference, BUILD_TOOLS).image
        # It starts while files are downloaded.
        self.runner.prepare_container(self.build_base.reference)
        fetched, warnings = downloads.download(missing, tools, scratch)
        chosen = choose(self.plan, missing, fetched)
        new, built = self._build(chosen, tools, scratch)
        sections = {**available.sections, **built}
        pins = available.pins
        if pins is None:
            wheels = {**cached, **{_sha256(wheel): wheel for wheel in new}}
            pins = tuple(
                sections[each] if isinstance(each, int) else wheels[each.digest]
                for each in chosen.of_pins
            )
            record = CONVERTER.unstructure(_Wheels(pins))
            self.runner.cache.keep(self.plan.key(self.build_base.key), Entry(record), {})
        downloaded = sum(not wheel.built for wheel in new if _sha256(wheel) not in cached)
        return WheelSet(
            self.plan,
            pins,
            sections,
            tools,
            available.repacked,
            built=len(built),
            downloaded=downloaded,
            warnings=warnings,
        )

    def _build(
        self, chosen: Chosen, tools: str, scratch: Path
    ) -> tuple[tuple[Wheel, ...], dict[int, Wheel]]:
        """Build the *chosen* sections and cache the wheels.

        Return all new wheels, with the downloaded ones, and the built wheels by section.
        """
        folder = scratch / _BUILT
        inputs = self._job_inputs(chosen.built, scratch)
        versions = {number: self.versions[number].arguments for number in chosen.built}
        arguments = build_arguments(self.plan, chosen, versions)
        result = self.runner.run(
            "wheels", tools, arguments, scratch / "built", inputs, prepare_next=True
        )
        with reading_result("wheels"):
            done = BuildResult.read(result, chosen, self.plan.request.strict)
            for wheel in done.wheels:
                (folder / wheel.file).stat()
        built = {}
        for number, (wheel, trace) in zip(chosen.built, done.built, strict=True):
            built[number] = wheel
            self._cache_wheel(self.keys[number], wheel, folder, shared=True)
            if trace is not None:
                repackable = BuiltWheel(wheel, folder, done.zlib)
                self.repacker.record_build(number, trace, repackable)
        for wheel in done.wheels:
            if not wheel.built:
                key = index_wheel_key(_sha256(wheel))
                self._cache_wheel(key, wheel, folder, shared=False)
        return done.wheels, built

    def _job_inputs(self, sections: tuple[int, ...], scratch: Path) -> tuple[JobFile, ...]:
        """Return the input files of the build job: downloads, *sections* and own packages."""
        inputs = [
            JobFile(path.relative_to(folder).as_posix(), path)
            for folder in (scratch / name for name in DOWNLOAD_FOLDERS)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        for number in sections:
            section = self.plan.sections[number]
            inputs.append(JobFile(f"sections/{number}.txt", section_text(section).encode()))
            inputs.append(JobFile(f"build/{number}/.here", b""))
            if self.plan.own(number):
                inputs += export_package(self.tree, section.source, scratch)
            inputs += self.versions[number].files(scratch)
        return tuple(inputs)

    def _cache_wheel(self, key: str, wheel: Wheel, folder: Path, *, shared: bool) -> None:
        blob = Blob(wheel.file, wheel.digest, wheel.size)
        entry = Entry(CONVERTER.unstructure(wheel), (blob,))
        files = {wheel.digest: folder / wheel.file}
        self.runner.cache.keep(key, entry, files, shared=shared)


@attrs.frozen
class _Wheels:
    wheels: tuple[Wheel, ...]


def _package_digest(versions: VersionInputs, tree: Tree) -> str:
    """Return a digest of everything in the commit that the build of an own package gets."""
    files = list_build_files(tree, versions.section.source)
    return digest_of_files(files, versions.identity)


def _sha256(wheel: Wheel) -> str:
    return wheel.digest.partition(":")[2]
