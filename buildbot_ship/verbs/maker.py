"""The wheels that a plan comes to: known, or fetched and built."""

from __future__ import annotations

import hashlib
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
    section_text,
    seen_by_build,
)
from ..model.artefact import Wheel
from ..model.cache import Blob, Entry
from ..model.request.wire import CONVERTER, structure
from ..source.interface import Files, Tree
from .sections import Sections
from .workshop import MAKING, Ground, Workshop


@attrs.frozen
class _Wheels:
    wheels: tuple[Wheel, ...]


@attrs.frozen
class Known:
    """What the *pins* of a plan come to, if known, and the wheels of its *sections*.

    *tools* is the image that something was made in.
    """

    plan: WheelsPlan
    pins: tuple[Wheel, ...] | None
    sections: dict[int, Wheel]
    tools: str = ""

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

    @classmethod
    def of(cls, plan: WheelsPlan, tree: Tree, ground: Ground, shop: Workshop) -> Maker:
        """Return the maker of a plan for the commit of *tree*."""
        trees = {folder: _identity(tree, folder) for folder in plan.request.packages}
        return cls(plan, plan.wheel_keys(ground.key, trees), tree, ground, shop)

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
        """Return all; what was missing is made, in ``built/wheelhouse`` of *scratch*."""
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
        return Known(self.plan, pins, sections, tools)

    def _stock(self) -> dict[str, Wheel]:
        """Return the wheels of the index that this worker has, by sha256 in hexadecimal."""
        found = {}
        for digest in {digest for pin in self.plan.pins for digest in pin.hashes}:
            entry = self.shop.cache.find(index_wheel_key(digest), shared=False)
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
        built = {n: found[file] for n, file in zip(chosen.built, made["built"], strict=True)}
        for number, wheel in built.items():
            self._keep(self.keys[number], wheel, out / "wheelhouse", shared=True)
        for wheel in new:
            if not wheel.built:
                key = index_wheel_key(_hex(wheel))
                self._keep(key, wheel, out / "wheelhouse", shared=False)
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
        return tuple(inputs)


def _hex(wheel: Wheel) -> str:
    return wheel.digest.partition(":")[2]


def _identity(tree: Tree, folder: str) -> str:
    """Return a digest of what a build sees of *folder*."""
    digest = hashlib.sha256()
    for path, entry in tree.entries():
        inside = folder == "." or path.startswith(f"{folder.rstrip('/')}/")
        if inside and seen_by_build(path) and not entry.target:
            digest.update(f"{path}\0{entry.executable}\0{entry.identity}\n".encode())
    return digest.hexdigest()


def export(tree: Files, folder: str, scratch: Path) -> list[JobFile]:
    """Write what a build sees of *folder* to *scratch*; return it for a job's ``tree/``."""
    found: list[JobFile] = []
    for path, file in tree.files(folder):
        full = path if folder == "." else f"{folder.rstrip('/')}/{path}"
        if seen_by_build(full):
            spooled = scratch / f"tree-{len(found)}-{folder.replace('/', '-')}"
            spooled.write_bytes(file.data)
            found.append(JobFile(f"tree/{folder}/{path}", spooled, file.executable))
    return found
