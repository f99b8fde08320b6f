"""A layered pex on its runtime base: whether it runs there, by which Python, with what else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from ...errors import BaseUnfit
from ...model.application.launcher import start_in_environment
from ...model.artefact import Layer, Needs, Pex
from ...model.cache import Entry
from ...model.cache_key import key
from ...model.filesystem.filesystem import Filesystem
from ...model.image.base import Base
from ...model.image.layer import Member
from ...model.reference import digest_of
from ...model.request.wire import CONVERTER, structure
from ...model.runtime.interpreter import LEFT_OUT, find_interpreter
from ...model.runtime.virtual_environment import environment_members
from ..shared.job_runner import JobRunner
from .build_context import Contents, is_layered

if TYPE_CHECKING:
    from ...model.runtime.stdlib_bytecode import Library


@attrs.frozen
class Fitted:
    """What makes layered pexes run on one base.

    *layers* go below all of theirs, *members* into the image's own layer.
    """

    layers: tuple[Layer, ...] = ()
    members: tuple[Member, ...] = ()


def start_pexes(contents: Contents, scratch: Path) -> Contents:
    """Return *contents* with layered pexes as they start in an image, left in *scratch*."""
    folder = scratch / "launchers"
    folder.mkdir()
    records, pexes = {record.name: record for record in contents.records}, dict(contents.pexes)
    for record in filter(is_layered, contents.records):
        data = start_in_environment(pexes[record.name].read_bytes())
        pexes[record.name] = folder / record.name
        pexes[record.name].write_bytes(data)
        records[record.name] = attrs.evolve(record, digest=digest_of(data), size=len(data))
    return attrs.evolve(contents, pexes=pexes, records=tuple(records.values()))


def fit(
    records: Iterable[Pex],
    base: Base,
    path: str,
    files: Callable[[], Filesystem],
    runner: JobRunner,
) -> Fitted:
    """Return what the pexes of *records* take on *base*; nothing where none is layered.

    *path* is the image's PATH, *files* tells what the base holds.  Where its Python has its
    own library without bytecode, there is a layer of that.  Raises BaseUnfit when it cannot run
    one of them, OutputMissing, JobFailed.
    """
    runtime_base = _RuntimeBase(base, path, cache(files), runner)
    fitted = Fitted()
    for record in filter(is_layered, records):
        fitted = runtime_base.fit(record)
    return fitted


def fit_built(
    records: Iterable[Pex], base: Base, path: str, files: Callable[[], Filesystem]
) -> tuple[Member, ...]:
    """Return the environment of an image that the engine built on *base*: it holds *files*.

    There is none where no pex is layered.  Raises BaseUnfit.
    """
    members: tuple[Member, ...] = ()
    found = cache(files)
    for record in filter(is_layered, records):
        with _unfit(record, base) as needs:
            interpreter = find_interpreter(needs, path, found())
        members = environment_members(interpreter, needs.minor)
    return members


@contextmanager
def _unfit(record: Pex, base: Base) -> Iterator[Needs]:
    """Give what a layered pex needs; raise BaseUnfit for a ValueError that says it lacks."""
    assert record.needs is not None  # noqa: S101  # it is layered
    try:
        yield record.needs
    except ValueError as why:
        raise BaseUnfit(record.name, str(base.reference), str(why)) from None


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
    runner: JobRunner

    def fit(self, record: Pex) -> Fitted:
        """Return what a layered pex takes here.  Raises BaseUnfit."""
        with _unfit(record, self.base) as needs:
            runtime = self._find(needs)
        layers = self._library(runtime, needs.minor, record.commit)
        return Fitted(layers, environment_members(runtime.interpreter, needs.minor))

    def _find(self, needs: Needs) -> _Runtime:
        """Return what runs what has these *needs*.  Raises ValueError with why nothing does."""
        asked = CONVERTER.unstructure(needs)
        base, rule = self.base.reference.digest, sorted(LEFT_OUT)
        name = key("interpreter", base=base, needs=asked, path=self.path, left_out=rule)
        known = self.runner.cache.find(name, shared=False)
        if known is not None:
            return structure(known.record, _Runtime, "runtime")
        interpreter = find_interpreter(needs, self.path, self.files())
        found = _Runtime(interpreter, self._lacking(interpreter, needs.minor).identity)
        self.runner.cache.keep(name, Entry(CONVERTER.unstructure(found)), {}, shared=False)
        return found

    def _library(self, runtime: _Runtime, minor: str, commit: str) -> tuple[Layer, ...]:
        """Return the layer of the bytecode that is missing, if any is."""
        if not runtime.library:
            return ()
        # Imported late: not every base lacks something.
        from .stdlib_bytecode import provide  # noqa: PLC0415

        find = partial(self._lacking, runtime.interpreter, minor)
        return (provide(runtime.library, find, minor, commit, self.runner),)

    def _lacking(self, interpreter: str, minor: str) -> Library:
        """Return what has no bytecode in the library of an interpreter."""
        # Imported late: it is asked for once for each base.
        from ...model.runtime.stdlib_bytecode import find_library  # noqa: PLC0415

        return find_library(interpreter, minor, self.files())
