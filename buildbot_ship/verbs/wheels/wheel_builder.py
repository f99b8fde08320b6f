"""The wheels that a plan comes to: known, or fetched and built."""

from __future__ import annotations

from pathlib import Path

import attrs

from ...daemon.interface import JobFile
from ...model.application.wheel_plan import (
    Chosen,
    Fetched,
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
from ...model.requirements.build_lock import Section
from ...source.interface import Tree
from ..shared.job_runner import BuildBase, JobRunner
from ..shared.own_packages import export, files_of, identify
from ..shared.tools_image import MAKING
from .build_dependencies import BuildDependencies
from .repack import Made, Repacker, Told

REPACKED, BUILT = "repacked", "built/wheelhouse"
MADE = (REPACKED, BUILT)
"""Where wheels lie that were made, in a scratch folder."""


@attrs.frozen
class _Wheels:
    wheels: tuple[Wheel, ...]


@attrs.frozen
class _Built:
    """A wheel that a job built; *carried* is what ``unread_files.py`` found for an own one."""

    file: str
    carried: Told | None


@attrs.frozen
class KnownWheels:
    """What the *pins* of a plan come to, if known, and the wheels of its *sections*.

    *tools* is the image that something was made in; *repacked* sections needed no build.
    """

    plan: WheelsPlan
    pins: tuple[Wheel, ...] | None
    sections: dict[int, Wheel]
    tools: str = ""
    repacked: tuple[int, ...] = ()

    @property
    def missing(self) -> Missing | None:
        """Return what is not known; None when all is."""
        missing = tuple(
            number
            for number in range(len(self.plan.sections))
            if number not in self.sections and (self.plan.own(number) or self.pins is None)
        )
        return Missing(missing, self.pins is None) if missing or self.pins is None else None

    def wheels(self) -> tuple[Wheel, ...]:
        """Return all wheels, by file."""
        own = [wheel for number, wheel in self.sections.items() if self.plan.own(number)]
        found = {wheel.file: wheel for wheel in (*(self.pins or ()), *own)}
        return tuple(wheel for _, wheel in sorted(found.items()))


@attrs.frozen
class WheelBuilder:
    """Makes the wheels of *plan* on *build_base*; *keys* are those of its sections' wheels."""

    plan: WheelsPlan
    keys: tuple[str, ...]
    tree: Tree
    build_base: BuildBase
    runner: JobRunner
    repacker: Repacker

    @classmethod
    def of(
        cls, plan: WheelsPlan, tree: Tree, build_base: BuildBase, runner: JobRunner
    ) -> WheelBuilder:
        """Return the builder of a plan for the commit of *tree*."""
        own = (section for section in plan.sections if section.sdist_hash is None)
        trees = {section.source: _identity(section, tree) for section in own}
        keys = plan.wheel_keys(build_base.key, trees)
        return cls(
            plan, keys, tree, build_base, runner, Repacker(plan, build_base, tree, runner)
        )

    def look(self) -> KnownWheels:
        """Return what the caches know.

        What the pins come to is only known as long as every wheel that was built is.
        """
        sections = {}
        for number, key in enumerate(self.keys):
            entry = self.runner.cache.find(key)
            if entry is not None:
                sections[number] = structure(entry.record, Wheel, "wheel")
        wheelhouse = self.runner.cache.find(self.plan.key(self.build_base.key))
        if wheelhouse is None:
            return KnownWheels(self.plan, None, sections)
        pins = structure(wheelhouse.record, _Wheels, "wheels").wheels
        built = {wheel.digest for wheel in pins if wheel.built}
        complete = built <= {wheel.digest for wheel in sections.values()}
        return KnownWheels(self.plan, pins if complete else None, sections)

    def make(self, known: KnownWheels, scratch: Path) -> KnownWheels:
        """Return all; what was missing is made, in folders of *scratch*: see `MADE`."""
        known = self._repack(known, scratch)
        missing = known.missing
        if missing is None:
            return known
        stock = self._stock() if missing.pins else {}
        sdists = {self.plan.sections[number].sdist_hash or "" for number in known.sections}
        missing = attrs.evolve(missing, known=frozenset(stock) | sdists - {""})
        tools = self.runner.tools(self.build_base.reference, MAKING).image
        chosen = choose(self.plan, missing, self._fetch(missing, tools, scratch))
        new, built = self._build(chosen, tools, scratch)
        sections = {**known.sections, **built}
        pins = known.pins
        if pins is None:
            wheels = {**stock, **{_hex(wheel): wheel for wheel in new}}
            pins = tuple(
                sections[each] if isinstance(each, int) else wheels[each.digest]
                for each in chosen.of_pins
            )
            record = CONVERTER.unstructure(_Wheels(pins))
            self.runner.cache.keep(self.plan.key(self.build_base.key), Entry(record), {})
        return KnownWheels(self.plan, pins, sections, tools, known.repacked)

    def _repack(self, known: KnownWheels, scratch: Path) -> KnownWheels:
        """Return what is known once all is repacked that can be."""
        missing, found, folder = known.missing, {}, scratch / REPACKED
        folder.mkdir()
        for number in missing.sections if missing else ():
            repacked = self.repacker.renew(number, folder) if self.plan.own(number) else None
            if repacked is not None:
                found[number] = repacked
                self._keep(self.keys[number], repacked, folder, shared=True)
        sections = {**known.sections, **found}
        return attrs.evolve(known, sections=sections, repacked=tuple(found))

    def _stock(self) -> dict[str, Wheel]:
        """Return the wheels of the index that this worker has, by sha256 in hexadecimal."""
        found = {}
        for digest in {digest for pin in self.plan.pins for digest in pin.hashes}:
            entry = self.runner.cache.find(index_wheel_key(digest), shared=False)
            if entry is not None:
                found[digest] = structure(entry.record, Wheel, "wheel")
        return found

    def _fetch(self, missing: Missing, tools: str, scratch: Path) -> tuple[Fetched | None, ...]:
        """Leave what is to be built, and with what, in *scratch*; return what pins come to."""
        sections = BuildDependencies(self.plan, self.build_base, self.runner)
        known, out = scratch / "known", scratch / "fetched"
        lacking = sections.bring(missing.sections, known / "build")
        if not (missing.pins or lacking):
            return ()
        arguments = self.plan.fetch_arguments(attrs.evolve(missing, sections=lacking))
        result = self.runner.run("fetch", tools, arguments, out, network=True)
        sections.keep(lacking, out / "build")
        return structure(result["files"], tuple[Fetched | None, ...], "fetched")

    def _build(
        self, chosen: Chosen, tools: str, scratch: Path
    ) -> tuple[tuple[Wheel, ...], dict[int, Wheel]]:
        """Return all new wheels, and those that were built by section; the cache has them."""
        out = scratch / "built"
        inputs = self._inputs(chosen.built, scratch)
        arguments = build_arguments(self.plan, chosen)
        made = self.runner.run("wheels", tools, arguments, out, inputs, prepare_next=True)
        new = structure({"wheels": made["wheels"]}, _Wheels, "wheels").wheels
        found = {wheel.file: wheel for wheel in new}
        said = structure(made["built"], tuple[_Built, ...], "built")
        built = {}
        for number, one in zip(chosen.built, said, strict=True):
            built[number] = wheel = found[one.file]
            self._keep(self.keys[number], wheel, scratch / BUILT, shared=True)
            if one.carried is not None:
                repackable = Made(wheel, scratch / BUILT, made["zlib"])
                self.repacker.keep(number, one.carried, repackable)
        for wheel in new:
            if not wheel.built:
                key = index_wheel_key(_hex(wheel))
                self._keep(key, wheel, scratch / BUILT, shared=False)
        return new, built

    def _keep(self, key: str, wheel: Wheel, folder: Path, *, shared: bool) -> None:
        blob = Blob(wheel.file, wheel.digest, wheel.size)
        entry = Entry(CONVERTER.unstructure(wheel), (blob,))
        files = {wheel.digest: folder / wheel.file}
        self.runner.cache.keep(key, entry, files, shared=shared)

    def _inputs(self, built: tuple[int, ...], scratch: Path) -> tuple[JobFile, ...]:
        """Return what was fetched, the sections, and the own packages, by path for the job."""
        inputs = [
            JobFile(path.relative_to(folder).as_posix(), path)
            for folder in (scratch / "fetched", scratch / "known")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        for number in built:
            section = self.plan.sections[number]
            inputs.append(JobFile(f"sections/{number}.txt", section_text(section).encode()))
            inputs.append(JobFile(f"build/{number}/.here", b""))
            if self.plan.own(number):
                inputs += export(self.tree, section.source, scratch)
            if section.asks_git:
                archival = self.tree.archival(section.source)
                inputs.append(JobFile(f"archival/{number}.txt", archival))
        return tuple(inputs)


def _identity(section: Section, tree: Tree) -> str:
    """Return a digest of all that the build of an own package gets of its commit."""
    archival = tree.archival(section.source) if section.asks_git else b""
    return identify(files_of(tree, section.source), archival)


def _hex(wheel: Wheel) -> str:
    return wheel.digest.partition(":")[2]
