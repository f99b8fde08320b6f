"""Find file conflicts: different files with the same path in several packages of a pex.

The records of wheels list their top-level names.  Most packages have none in common.  Only
wheels that share one are read, and the results are cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from ...errors import JobFailed, PackagesConflict
from ...model.application import file_conflicts as rules
from ...model.application.dependency_closure import find_closure, order_on_path
from ...model.application.file_conflicts import ENVIRONMENT, Shared
from ...model.application.installed_files import digest_of_installed, installed, top_of
from ...model.artefact import Wheel, Wheelhouse
from ...model.cache import Entry
from ...model.cache_key import key
from ...model.request import PexRequest
from ...model.request.wire import CONVERTER, structure
from ..shared.job_runner import JobRunner
from ..shared.tools_image import minor_of
from ..shared.wheelhouse import ensure_wheels

if TYPE_CHECKING:
    from zipfile import ZipFile

T = TypeVar("T")
_ONE_TREE = 'remove one of the packages, or use layout="zipapp", which keeps them apart'


@attrs.frozen
class ConflictReport:
    """The result of a comparison.

    *left_out* are the paths that are not installed, by package.  *lines* describe the
    conflicts.
    """

    left_out: Mapping[str, tuple[str, ...]]
    lines: tuple[str, ...]


def compare_trees(
    request: PexRequest,
    wheels: Sequence[Wheel],
    wheelhouse: Wheelhouse,
    minor: str,
    runner: JobRunner,
) -> ConflictReport:
    """Compare the *wheels* of a layered pex, which are installed into one folder.

    Raises PackagesConflict if *request* says so, or if a file of one package is a folder of
    another; OutputMissing, JobFailed.
    """
    comparison = Comparison(wheels, wheelhouse, minor, runner)
    shared = comparison.shared()
    titles = {wheel.name: wheel.title for wheel in wheels}
    if shared.clashes:
        lines = rules.describe_clashes(shared, titles, minor)
        raise PackagesConflict(request.name, lines, _ONE_TREE)
    ranks = {wheel.name: wheel.rank for wheel in wheels}
    found = rules.decide(comparison.digests(shared.files), ranks)
    lines = rules.describe(found, titles, minor)
    _fail_if_requested(request, lines)
    return ConflictReport(rules.left_out(found), lines)


def compare_zipapp(
    request: PexRequest, wheelhouse: Wheelhouse, facts: Mapping[str, Any], runner: JobRunner
) -> tuple[str, ...]:
    """Compare the wheels of a zipapp, which are in separate folders; return lines to report.

    Raises PackagesConflict if *request* says so, RequirementMissing, OutputMissing, JobFailed.
    """
    minor, markers = minor_of(facts), facts["environment"]
    wheels = find_closure(request.requirements, wheelhouse, markers, request.name).wheels
    comparison = Comparison(wheels, wheelhouse, minor, runner)
    files = rules.imported(comparison.shared(), minor)
    order = order_on_path(request.requirements, wheels, markers) if files else ()
    ranks = {name: -place for place, name in enumerate(order)}
    found = rules.decide(comparison.digests(files), ranks)
    lines = rules.describe(found, {wheel.name: wheel.title for wheel in wheels}, minor)
    _fail_if_requested(request, lines)
    return lines


def _fail_if_requested(request: PexRequest, lines: tuple[str, ...]) -> None:
    if lines and request.conflicts == "fail":
        raise PackagesConflict(request.name, lines)


@attrs.frozen
class _Contents:
    digests: dict[str, str]


@attrs.frozen
class Comparison:
    """The comparison of the *wheels* of a pex, from *wheelhouse*, for Python *minor*."""

    wheels: Sequence[Wheel]
    wheelhouse: Wheelhouse
    minor: str
    runner: JobRunner

    def shared(self) -> Shared:
        """Return the paths that several wheels, or a wheel and the environment, have.

        Raises OutputMissing, JobFailed.
        """
        listings = {wheel.name: wheel.listing for wheel in self.wheels}
        tops = rules.shared_tops(listings, self.minor)
        wheels = [w for w in self.wheels if not tops.isdisjoint(listings[w.name].tops)]
        if not wheels:
            return Shared({}, {})
        digests = [[wheel.name, listings[wheel.name].digest] for wheel in wheels]
        name = key("shared-paths", listings=digests, base_key=self.wheelhouse.base_key)
        entry = self.runner.cache.find(name, shared=False)
        if entry is not None:
            return structure(entry.record, Shared, "shared paths")
        paths = {wheel.name: self._paths(wheel, tops) for wheel in self._ensure(wheels)}
        found = rules.share(paths, self.minor)
        self.runner.cache.keep(name, Entry(CONVERTER.unstructure(found)), {}, shared=False)
        return found

    def digests(self, files: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
        """Return digests of *files* by path and package; *files* are packages by path.

        Raises OutputMissing, JobFailed.
        """
        found: dict[str, dict[str, str]] = {path: {} for path in files}
        for wheel in self.wheels:
            paths = [path for path, names in files.items() if wheel.name in names]
            for path, digest in (self._contents(wheel, paths) if paths else {}).items():
                found[path][wheel.name] = digest
        for path, names in files.items():
            if ENVIRONMENT in names:
                found[path][ENVIRONMENT] = ENVIRONMENT
        return found

    def _paths(self, wheel: Wheel, tops: frozenset[str]) -> list[str]:
        found = self._read(wheel, lambda archive, file: installed(archive, file, self.minor))
        return [path for path in found if top_of(path, self.minor) in tops]

    def _contents(self, wheel: Wheel, paths: Sequence[str]) -> dict[str, str]:
        name = key(
            "contents",
            wheel=wheel.digest,
            paths=list(paths),
            base_key=self.wheelhouse.base_key,
        )
        entry = self.runner.cache.find(name, shared=False)
        if entry is not None:
            return structure(entry.record, _Contents, "contents").digests

        def read(archive: ZipFile, file: str) -> dict[str, str]:
            sources = installed(archive, file, self.minor)
            return {path: digest_of_installed(archive, sources[path]) for path in paths}

        (wheel,) = self._ensure([wheel])
        found = _Contents(self._read(wheel, read))
        self.runner.cache.keep(name, Entry(CONVERTER.unstructure(found)), {}, shared=False)
        return found.digests

    def _ensure(self, wheels: Sequence[Wheel]) -> Sequence[Wheel]:
        ensure_wheels(self.wheelhouse, wheels, self.runner)
        return wheels

    def _read(self, wheel: Wheel, read: Callable[[ZipFile, str], T]) -> T:
        """Return what *read* returns for a wheel in the work folder.  Raises JobFailed."""
        # Imported late: most wheels are not read.
        import zipfile  # noqa: PLC0415
        import zlib  # noqa: PLC0415

        faults = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
        try:
            with zipfile.ZipFile(self.runner.work.wheelhouse / wheel.file) as archive:
                return read(archive, wheel.file)
        except (*faults, ValueError, KeyError, EOFError) as error:
            why = f"{wheel.file} cannot be installed: {error}"
            raise JobFailed(
                "pex", why, "fix the package, or pin another version of it"
            ) from None
