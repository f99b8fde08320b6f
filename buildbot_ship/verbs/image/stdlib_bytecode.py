"""The layer of bytecode for a base whose Python has its library without any."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...model.artefact import Layer, Wheelhouse
from ...model.cache_key import key
from ...model.request.wire import CONVERTER
from ..shared.job_runner import JobRunner
from ..shared.layers import known_layer, take_layer, tools_of

if TYPE_CHECKING:
    from ...model.runtime.stdlib_bytecode import Library

_FILE = "library.tar.gz"


def provide(
    identity: str, find: Callable[[], Library], minor: str, commit: str, runner: JobRunner
) -> Layer:
    """Return the layer of the library that *identity* stands for; made unless it is known.

    *find* looks it up in the base, of Python *minor* (``3.11``).  Raises OutputMissing when
    *commit* has no wheelhouse, and JobFailed.
    """
    build_base = runner.work.find(Wheelhouse, commit).base_key
    name = key("layer", build_base=build_base, library=identity)
    return known_layer(name, runner) or _make(name, find(), minor, commit, runner)


def _make(name: str, library: Library, minor: str, commit: str, runner: JobRunner) -> Layer:
    tools = tools_of(commit, runner)
    title = f"bytecode of the library of Python {minor}"
    arguments = CONVERTER.unstructure(library)
    with runner.work.scratch() as scratch:
        out = scratch / "made"
        said = runner.run("stdlib_bytecode", tools, arguments, out)
        told = {field: said[field] for field in ("diff_id", "digest", "size")}
        return take_layer(Layer(**told, title=title, key=name), out / _FILE, runner)
