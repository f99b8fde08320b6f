"""The runtime environment of layered pexes: which Python of a base runs them, and with what.

It is a virtual environment of that Python, and a layer of bytecode if the standard library on
the base has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
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
from ...model.runtime.interpreter import find_interpreter
from ...model.runtime.virtual_environment import environment_members
from ..shared.job_runner import JobRunner
from .build_context import Contents, is_layered

if TYPE_CHECKING:
    from ...model.runtime.stdlib_bytecode import Library


@attrs.frozen
class RuntimeEnvironment:
    """The additions to an image that layered pexes need.

    *layers* lie below the layers of pexes.  *members* go into the image's own layer.
    """

    layers: tuple[Layer, ...] = ()
    members: tuple[Member, ...] = ()


@attrs.frozen
class RuntimeBase:
    """A *base*, the PATH of the image on it, and a function that lists its files."""

    base: Base
    path: str
    files: Callable[[], Filesystem]


def rewrite_launchers(contents: Contents, scratch: Path) -> Contents:
    """Return *contents* with layered pexes that start in the virtual environment.

    The rewritten launchers are in *scratch*.
    """
    folder = scratch / "launchers"
    folder.mkdir()
    records, pexes = {record.name: record for record in contents.records}, dict(contents.pexes)
    for record in filter(is_layered, contents.records):
        data = start_in_environment(pexes[record.name].read_bytes())
        pexes[record.name] = folder / record.name
        pexes[record.name].write_bytes(data)
        records[record.name] = attrs.evolve(record, digest=digest_of(data), size=len(data))
    return attrs.evolve(contents, pexes=pexes, records=tuple(records.values()))


def find_virtual_environment(
    records: Iterable[Pex], runtime_base: RuntimeBase
) -> tuple[Member, ...]:
    """Return the virtual environment for the layered pexes of *records*; none if there is none.

    Raises BaseUnfit if the base has no Python that runs them.
    """
    members: tuple[Member, ...] = ()
    for record in filter(is_layered, records):
        with _raising_base_unfit(record, runtime_base.base) as needs:
            interpreter = find_interpreter(needs, runtime_base.path, runtime_base.files())
        members = environment_members(interpreter, needs.minor)
    return members


def find_environment(
    records: Iterable[Pex], runtime_base: RuntimeBase, runner: JobRunner
) -> RuntimeEnvironment:
    """Return what the layered pexes of *records* need on *runtime_base*.

    That includes a bytecode layer if the standard library there has no bytecode.  The
    interpreter is looked up once per base; the answer is cached.  Raises BaseUnfit if the base
    has no Python that runs them, OutputMissing, JobFailed.
    """
    environment = RuntimeEnvironment()
    for record in filter(is_layered, records):
        with _raising_base_unfit(record, runtime_base.base) as needs:
            runtime = _find_runtime(needs, runtime_base, runner)
        layers = _bytecode_layers(runtime, needs.minor, record.commit, runtime_base, runner)
        members = environment_members(runtime.interpreter, needs.minor)
        environment = RuntimeEnvironment(layers, members)
    return environment


@contextmanager
def _raising_base_unfit(record: Pex, base: Base) -> Iterator[Needs]:
    """Yield the needs of a layered pex; turn a ValueError about them into BaseUnfit."""
    assert record.needs is not None  # noqa: S101  # it is layered
    try:
        yield record.needs
    except ValueError as why:
        raise BaseUnfit(record.name, str(base.reference), str(why)) from None


@attrs.frozen
class _Runtime:
    """The interpreter of a base that runs a pex.

    *library* identifies the modules of its standard library without bytecode; empty if none.
    """

    interpreter: str
    library: str


def _find_runtime(needs: Needs, runtime_base: RuntimeBase, runner: JobRunner) -> _Runtime:
    """Return the runtime for *needs*, from the cache if possible.

    Raises ValueError with the reason if there is none.
    """
    # Imported late: images without a layered pex do not need it.
    from ...model.runtime.left_out import LEFT_OUT  # noqa: PLC0415

    asked, rule = CONVERTER.unstructure(needs), sorted(LEFT_OUT)
    base, path = runtime_base.base.reference.digest, runtime_base.path
    name = key("interpreter", base=base, needs=asked, path=path, left_out=rule)
    entry = runner.cache.find(name, shared=False)
    if entry is not None:
        return structure(entry.record, _Runtime, "runtime")
    interpreter = find_interpreter(needs, path, runtime_base.files())
    library = _find_library(interpreter, needs.minor, runtime_base)
    runtime = _Runtime(interpreter, library.identity)
    runner.cache.keep(name, Entry(CONVERTER.unstructure(runtime)), {}, shared=False)
    return runtime


def _bytecode_layers(
    runtime: _Runtime, minor: str, commit: str, runtime_base: RuntimeBase, runner: JobRunner
) -> tuple[Layer, ...]:
    """Return the bytecode layer that the base needs, if any."""
    if not runtime.library:
        return ()
    # Imported late: many bases have bytecode.
    from .stdlib_bytecode import bytecode_layer  # noqa: PLC0415

    find = partial(_find_library, runtime.interpreter, minor, runtime_base)
    return (bytecode_layer(runtime.library, find, minor, commit, runner),)


def _find_library(interpreter: str, minor: str, runtime_base: RuntimeBase) -> Library:
    """Return the modules of the standard library of *interpreter* that have no bytecode."""
    # Imported late: it is needed once per base.
    from ...model.runtime.stdlib_bytecode import find_library  # noqa: PLC0415

    return find_library(interpreter, minor, runtime_base.files())
