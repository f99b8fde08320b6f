"""The wheels that a plan comes to: known, or fetched and built."""

from __future__ import annotations

from pathlib import Path

import attrs

from ..daemon.interface import JobFile
from ..model.application.wheels import (
    Chosen,
    Fetched,
    Missing,
    WheelsPlan,
    build_arguments,
    choose,
    index_wheel_key,
    old_index_wheel_key,
    section_text,
)
from ..model.artefact import Wheel
from ..model.cache import Blob, Entry
from ..model.request.wire import CONVERTER, structure
from ..model.requirements.buildlock import Section
from ..source.interface import Tree
from .own import export, files_of, identify
from .renewal import Made, Renewals, Told
from .sections import Sections
from .tools import MAKING
from .workshop import Ground, Workshop

RENEWED, BUILT = "renewed", "built/wheelhouse"
MADE = (RENEWED, BUILT)
"""Where wheels lie that were made, in a scratch folder."""


@attrs.frozen
class _Wheels:
    wheels: tuple[Wheel, ...]


@attrs.frozen
class _Built:
    """A wheel that a job built; *carried* is what ``inside/carried.py`` says of an own one."""

    file: str
    carried: Told | None


@attrs.frozen
class Known:
    """What the *pins* of a plan come to, if known, and the wheels of its *sections*.

    *tools* is the image that something was made in; *renewed* sections needed no build.
    """

    plan: WheelsPlan
    pins: tuple[Wheel, ...] | None
    sections: dict[int, Wheel]
    tools: str = ""
    renewed: tuple[int, ...] = ()

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
class Maker:
    """Makes the wheels of *plan* on *ground*; *keys* are those of its sections' wheels."""

    plan: WheelsPlan
    keys: tuple[str, ...]
    tree: Tree
    ground: Ground
    shop: Workshop
    renewals: Renewals

    @classmethod
    def of(cls, plan: WheelsPlan, tree: Tree, ground: Ground, shop: Workshop) -> Maker:
        """Return the maker of a plan for the commit of *tree*."""
        own = (section for section in plan.sections if section.sdist_hash is None)
        trees = {section.source: _identity(section, tree) for section in own}
        keys = plan.wheel_keys(ground.key, trees)
        return cls(plan, keys, tree, ground, shop, Renewals(plan, ground, tree, shop))

    def look(self) -> Known:
        """Return what the caches know.

        What the pins come to is only known as long as every wheel that was built is.
        """
        sections = {}
        for number, key in enumerate(self.keys):
            entry = self.shop.cache.find(key)
            if entry is not None:
                sections[number] = structure(entry.record, Wheel, "wheel")
        house = self.shop.cache.find(self.plan.key(self.ground.key))
        if house is None:
            return Known(self.plan, None, sections)
        pins = structure(house.record, _Wheels, "wheels").wheels
        built = {wheel.digest for wheel in pins if wheel.built}
        complete = built <= {wheel.digest for wheel in sections.values()}
        return Known(self.plan, pins if complete else None, sections)

    def make(self, known: Known, scratch: Path) -> Known:
        """Return all; what was missing is made, in folders of *scratch*: see `MADE`."""
        known = self._renew(known, scratch)
        missing = known.missing
        if missing is None:
            return known
        stock = self._stock() if missing.pins else {}
        sdists = {self.plan.sections[number].sdist_hash or "" for number in known.sections}
        missing = attrs.evolve(missing, known=frozenset(stock) | sdists - {""})
        tools = self.shop.tools(self.ground.base, MAKING).image
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
            self.shop.cache.keep(self.plan.key(self.ground.key), Entry(record), {})
        return Known(self.plan, pins, sections, tools, known.renewed)

    def _renew(self, known: Known, scratch: Path) -> Known:
        """Return what is known once all is renewed that can be."""
        missing, found, folder = known.missing, {}, scratch / RENEWED
        folder.mkdir()
        for number in missing.sections if missing else ():
            renewed = self.renewals.renew(number, folder) if self.plan.own(number) else None
            if renewed is not None:
                found[number] = renewed
                self._keep(self.keys[number], renewed, folder, shared=True)
        sections = {**known.sections, **found}
        return attrs.evolve(known, sections=sections, renewed=tuple(found))

    def _stock(self) -> dict[str, Wheel]:
        """Return the wheels of the index that this worker has, by sha256 in hexadecimal."""
        found = {}
        for digest in {digest for pin in self.plan.pins for digest in pin.hashes}:
            keys = (index_wheel_key(digest), old_index_wheel_key(digest))
            entries = (self.shop.cache.find(key, shared=False) for key in keys)
            entry = next(filter(None, entries), None)
            if entry is not None:
                found[digest] = structure(entry.record, Wheel, "wheel")
        return found

    def _fetch(self, missing: Missing, tools: str, scratch: Path) -> tuple[Fetched | None, ...]:
        """Leave what is to be built, and with what, in *scratch*; return what pins come to."""
        sections = Sections(self.plan, self.ground, self.shop)
        known, out = scratch / "known", scratch / "fetched"
        lacking = sections.bring(missing.sections, known / "build")
        if not (missing.pins or lacking):
            return ()
        arguments = self.plan.fetch_arguments(attrs.evolve(missing, sections=lacking))
        result = self.shop.run("fetch", tools, arguments, out, network=True)
        sections.keep(lacking, out / "build")
        return structure(result["files"], tuple[Fetched | None, ...], "fetched")

    def _build(
        self, chosen: Chosen, tools: str, scratch: Path
    ) -> tuple[tuple[Wheel, ...], dict[int, Wheel]]:
        """Return all new wheels, and those that were built by section; the cache has them."""
        out = scratch / "built"
        inputs = self._inputs(chosen.built, scratch)
        arguments = build_arguments(self.plan, chosen)
        made = self.shop.run("wheels", tools, arguments, out, inputs, more=True)
        new = structure({"wheels": made["wheels"]}, _Wheels, "wheels").wheels
        found = {wheel.file: wheel for wheel in new}
        said = structure(made["built"], tuple[_Built, ...], "built")
        built = {}
        for number, one in zip(chosen.built, said, strict=True):
            built[number] = wheel = found[one.file]
            self._keep(self.keys[number], wheel, scratch / BUILT, shared=True)
            if one.carried is not None:
                renewable = Made(wheel, scratch / BUILT, made["zlib"])
                self.renewals.keep(number, one.carried, renewable)
        for wheel in new:
            if not wheel.built:
                key = index_wheel_key(_hex(wheel))
                self._keep(key, wheel, scratch / BUILT, shared=False)
        return new, built

    def _keep(self, key: str, wheel: Wheel, folder: Path, *, shared: bool) -> None:
        blob = Blob(wheel.file, wheel.digest, wheel.size)
        entry = Entry(CONVERTER.unstructure(wheel), (blob,))
        files = {wheel.digest: folder / wheel.file}
        self.shop.cache.keep(key, entry, files, shared=shared)

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
                inputs.append(JobFile(f"archival/{number}.txt", self.tree.archival))
        return tuple(inputs)


def _identity(section: Section, tree: Tree) -> str:
    """Return a digest of all that the build of an own package gets of its commit."""
    archival = tree.archival if section.asks_git else b""
    return identify(files_of(tree, section.source), archival)


def _hex(wheel: Wheel) -> str:
    return wheel.digest.partition(":")[2]
