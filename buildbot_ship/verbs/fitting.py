"""A layered pex on its runtime base: whether it runs there, and by which Python."""

from __future__ import annotations

import attrs

from ..errors import BaseUnfit
from ..model.application.launcher import start_with
from ..model.artefact import Needs, Pex
from ..model.cache import Entry
from ..model.dockerfile.document import Dockerfile
from ..model.image.base import Base
from ..model.image.fit import find_interpreter, misfit, search_path
from ..model.key import key
from ..model.request.wire import CONVERTER
from ..registry.interface import Registry
from .content import Contents
from .runtime import list_base
from .workshop import Workshop


def fit(
    contents: Contents, base: Base, dockerfile: Dockerfile, registry: Registry, shop: Workshop
) -> Contents:
    """Return *contents* with the launchers as they start on *base*.

    Raises BaseUnfit when it cannot run one.  Of an image that the engine builds nobody knows
    what its base has in the end: there they stay as they are.
    """
    launchers = {}
    for record in () if dockerfile.foreign else contents.records:
        if record.needs is not None:
            python = _interpreter(record, record.needs, base, dockerfile, registry, shop)
            launcher = contents.pexes[record.name].read_bytes()
            launchers[record.name] = start_with(python, launcher)
    return attrs.evolve(contents, launchers=launchers)


def _interpreter(  # noqa: PLR0917
    record: Pex,
    needs: Needs,
    base: Base,
    dockerfile: Dockerfile,
    registry: Registry,
    shop: Workshop,
) -> str:
    """Return the file that is the pex's Python.  Raises BaseUnfit."""
    path = search_path(base, dockerfile)
    asked = CONVERTER.unstructure(needs)
    fits = key("interpreter", base=base.reference.digest, needs=asked, path=path)
    known = shop.cache.find(fits, shared=False)
    if known is not None:
        return str(known.record["interpreter"])
    files = list_base(base, registry, shop.work, shop.log)
    if why := misfit(needs, path, files):
        raise BaseUnfit(record.name, str(base.reference), why)
    found = find_interpreter(needs.minor, path, files)
    shop.cache.keep(fits, Entry({"interpreter": found}), {}, shared=False)
    return found
