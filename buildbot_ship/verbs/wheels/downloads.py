"""Download what is missing: the files of pins, and the wheels that builds need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from ...model.application.wheel_plan import Fetched, Missing, WheelsPlan, index_wheel_key
from ...model.artefact import Wheel
from ...model.cache import Entry
from ...model.request.wire import CONVERTER, structure
from ..shared.job_result import reading_result
from ..shared.job_runner import BuildBase, JobRunner
from .build_dependencies import BuildDependencies
from .wheel_builder import DOWNLOADED, RESTORED


@attrs.frozen
class Downloads:
    """Downloads for *plan* on *build_base*, without those that this worker's cache has."""

    plan: WheelsPlan
    build_base: BuildBase
    runner: JobRunner

    def cached_wheels(self) -> dict[str, Wheel]:
        """Return the wheels of the package index in the cache, by sha256 in hex."""
        wheels = {}
        for digest in {digest for pin in self.plan.pins for digest in pin.hashes}:
            entry = self.runner.cache.find(index_wheel_key(digest), shared=False)
            if entry is not None:
                wheels[digest] = structure(entry.record, Wheel, "wheel")
        return wheels

    def download(
        self, missing: Missing, tools: str, scratch: Path
    ) -> tuple[tuple[Fetched | None, ...], tuple[str, ...]]:
        """Download *missing* pins, and the build dependencies, into *scratch*.

        Return the file of each pin if pins are missing, and warnings.  The file is None if the
        marker of the pin does not apply.  Raises JobFailed.
        """
        dependencies = BuildDependencies(self.plan, self.build_base, self.runner)
        lacking = dependencies.restore(missing.sections, scratch / RESTORED / "build")
        files: dict[int, Fetched | None] = {**self._known_files(missing)}
        pins = [n for n in range(len(self.plan.pins)) if missing.pins and n not in files]
        warnings: tuple[str, ...] = ()
        if pins or lacking:
            arguments = self.plan.fetch_arguments(pins, lacking, missing.known)
            out = scratch / DOWNLOADED
            result = self.runner.run("fetch", tools, arguments, out, network=True)
            dependencies.keep(lacking, out / "build")
            with reading_result("fetch"):
                fetched = structure(result["files"], tuple[Fetched | None, ...], "fetched")
                warnings = structure(result.get("warnings", ()), tuple[str, ...], "warnings")
                files |= zip(pins, fetched, strict=True)
            self._remember({number: files[number] for number in pins})
        return tuple(file for _, file in sorted(files.items())), warnings

    def _known_files(self, missing: Missing) -> dict[int, Fetched]:
        """Return the files of pins that an earlier download chose and the cache still has."""
        files = {}
        for number in range(len(self.plan.pins)) if missing.pins else ():
            key = self.plan.file_key(number, self.build_base.key)
            entry = self.runner.cache.find(key, shared=False)
            if entry is not None:
                file = structure(entry.record, Fetched, "file")
                if file.digest in missing.known:
                    files[number] = file
        return files

    def _remember(self, files: Mapping[int, Fetched | None]) -> None:
        """Cache which file each pin has: the index need not list it again."""
        for number, file in files.items():
            if file is not None:
                key = self.plan.file_key(number, self.build_base.key)
                record = CONVERTER.unstructure(file)
                self.runner.cache.keep(key, Entry(record), {}, shared=False)
