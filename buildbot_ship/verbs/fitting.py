"""A layered pex on its runtime base: whether it runs there, by which Python, with what else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ..errors import BaseUnfit
from ..model.application.launcher import start_with
from ..model.artefact import Layer, Needs, Pex
from ..model.cache import Entry
from ..model.dockerfile.document import Dockerfile
from ..model.image.base import Base
from ..model.image.filesystem import Filesystem
from ..model.image.fit import LEFT_OUT, find_interpreter, search_path
from ..model.key import key
from ..model.reference import digest_of
from ..model.request.wire import CONVERTER, structure
from .content import Contents
from .workshop import Workshop

if TYPE_CHECKING:
    from ..model.image.library import Library


def fit(
    contents: Contents,
    base: Base,
    dockerfile: Dockerfile,
    *,
    files: Callable[[], Filesystem],
    shop: Workshop,
    scratch: Path,
) -> Contents:
    """Return *contents* with the pexes as they start on *base*, their launchers in *scratch*.

    *files* tells what the base holds.  Where its Python has its own library without bytecode,
    a pex gets one layer more.  Raises BaseUnfit when it cannot run a pex, OutputMissing,
    JobFailed.  Of an image that the engine builds nobody knows what its base has in the end:
    it gets them as they are.
    """
    if dockerfile.foreign:
        return contents
    folder = scratch / "launchers"
    folder.mkdir()
    ground = _RuntimeBase(base, search_path(base, dockerfile), cache(files), shop)
    records = tuple(
        ground.fit(record, contents.pexes[record.name], folder / record.name)
        for record in contents.records
    )
    pexes = {**contents.pexes, **{path.name: path for path in folder.iterdir()}}
    return attrs.evolve(contents, pexes=pexes, records=records)


@attrs.frozen
class _Runtime:
    """What a base runs a pex with; *library* stands for what has no bytecode there, if any."""

    interpreter: str
    library: str


@attrs.frozen
class _RuntimeBase:
    """A base whose Python is looked for on *path*, and what looks into its *files*."""

    base: Base
    path: str
    files: Callable[[], Filesystem]
    shop: Workshop

    def fit(self, record: Pex, launcher: Path, fitted: Path) -> Pex:
        """Leave a layered pex's *launcher* as it starts here in *fitted*; return its record."""
        if record.needs is None:
            return record
        try:
            runtime = self._find(record.needs)
        except ValueError as why:
            raise BaseUnfit(record.name, str(self.base.reference), str(why)) from None
        data = start_with(runtime.interpreter, launcher.read_bytes())
        fitted.write_bytes(data)
        layers = (*self._library(runtime, record.needs.minor, record.commit), *record.layers)
        return attrs.evolve(record, digest=digest_of(data), size=len(data), layers=layers)

    def _find(self, needs: Needs) -> _Runtime:
        """Return what runs what has these *needs*.  Raises ValueError with why nothing does."""
        asked = CONVERTER.unstructure(needs)
        base, rule = self.base.reference.digest, sorted(LEFT_OUT)
        name = key("runtime", base=base, needs=asked, path=self.path, left_out=rule)
        known = self.shop.cache.find(name, shared=False)
        if known is not None:
            return structure(known.record, _Runtime, "runtime")
        interpreter = find_interpreter(needs, self.path, self.files())
        found = _Runtime(interpreter, self._lacking(interpreter, needs.minor).identity)
        self.shop.cache.keep(name, Entry(CONVERTER.unstructure(found)), {}, shared=False)
        return found

    def _library(self, runtime: _Runtime, minor: str, commit: str) -> tuple[Layer, ...]:
        """Return the layer of the bytecode that is missing, if any is."""
        if not runtime.library:
            return ()
        # Imported late: not every base lacks something.
        from .library import provide  # noqa: PLC0415

        find = partial(self._lacking, runtime.interpreter, minor)
        return (provide(runtime.library, find, minor, commit, self.shop),)

    def _lacking(self, interpreter: str, minor: str) -> Library:
        """Return what has no bytecode in the library of an interpreter."""
        # Imported late: it is asked for once for each base.
        from ..model.image.library import find_library  # noqa: PLC0415

        return find_library(interpreter, minor, self.files())
