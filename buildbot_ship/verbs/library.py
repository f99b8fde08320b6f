"""The layer of bytecode for a base whose Python has its library without any."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..model.artefact import Layer, Wheelhouse
from ..model.key import key
from ..model.request.wire import CONVERTER
from .layers import known_layer, take_layer, tools_of
from .workshop import Workshop

if TYPE_CHECKING:
    from ..model.image.library import Library

_FILE = "library.tar.gz"


def provide(
    identity: str, find: Callable[[], Library], minor: str, commit: str, shop: Workshop
) -> Layer:
    """Return the layer of the library that *identity* stands for; made unless it is known.

    *find* looks it up in the base, of Python *minor* (``3.11``).  Raises OutputMissing when
    *commit* has no wheelhouse, and JobFailed.
    """
    ground = shop.work.find(Wheelhouse, commit).ground
    name = key("layer", ground=ground, library=identity)
    return known_layer(name, shop) or _make(name, find(), minor, commit, shop)


def _make(name: str, library: Library, minor: str, commit: str, shop: Workshop) -> Layer:
    tools = tools_of(commit, shop)
    title = f"bytecode of the library of Python {minor}"
    arguments = CONVERTER.unstructure(library)
    with shop.work.scratch() as scratch:
        out = scratch / "made"
        said = shop.run("library", tools, arguments, out)
        told = {field: said[field] for field in ("diff_id", "digest", "size")}
        return take_layer(Layer(**told, title=title, key=name), out / _FILE, shop)
