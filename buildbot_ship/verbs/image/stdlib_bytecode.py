"""Make the bytecode layer for a base whose Python has its standard library without bytecode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...model.artefact import Layer, Wheelhouse
from ...model.cache_key import key
from ...model.request.wire import CONVERTER
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.layers import cached_layer, store_layer, tools_image_of

if TYPE_CHECKING:
    from ...model.runtime.stdlib_bytecode import Library

_FILE = "library.tar.gz"


def bytecode_layer(
    identity: str, find: Callable[[], Library], minor: str, commit: str, runner: JobRunner
) -> Layer:
    """Return the bytecode layer of the library *identity*, from the cache if possible.

    *find* lists the library of Python *minor* (``3.11``) in the base.  Raises OutputMissing if
    *commit* has no wheelhouse, and JobFailed.
    """
    base_key = runner.work.find(Wheelhouse, commit).base_key
    name = key("layer", base_key=base_key, library=identity)
    return cached_layer(name, runner) or _make(name, find(), minor, commit, runner)


def _make(name: str, library: Library, minor: str, commit: str, runner: JobRunner) -> Layer:
    tools = tools_image_of(commit, runner)
    title = f"bytecode of the library of Python {minor}"
    arguments = CONVERTER.unstructure(library)
    with runner.work.scratch() as scratch:
        out = scratch / "made"
        result = runner.run("stdlib_bytecode", tools, arguments, out, prepare_next=True)
        with reading_result("stdlib_bytecode"):
            facts = {field: result[field] for field in ("diff_id", "digest", "size")}
            return store_layer(Layer(**facts, title=title, key=name), out / _FILE, runner)
