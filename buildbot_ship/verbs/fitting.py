"""A layered pex on its runtime base: whether it runs there, and by which Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from ..errors import BaseUnfit
from ..model.application.launcher import start_with
from ..model.artefact import Needs, Pex
from ..model.cache import Entry
from ..model.dockerfile.document import Dockerfile
from ..model.image.base import Base
from ..model.image.filesystem import Filesystem
from ..model.image.fit import find_interpreter, search_path
from ..model.key import key
from ..model.reference import digest_of
from ..model.request.wire import CONVERTER
from .cache import Cache
from .content import Contents


def fit(
    contents: Contents,
    base: Base,
    dockerfile: Dockerfile,
    *,
    files: Callable[[], Filesystem],
    cache: Cache,
    scratch: Path,
) -> Contents:
    """Return *contents* with the launchers as they start on *base*, in *scratch*.

    *files* tells what the base holds.  Raises BaseUnfit when it cannot run a pex.  Of an image
    that the engine builds nobody knows what its base has in the end: it gets them as they are.
    """
    if dockerfile.foreign:
        return contents
    folder = scratch / "launchers"
    folder.mkdir()
    path, fitted = search_path(base, dockerfile), []
    for record in contents.records:
        if record.needs is None:
            fitted.append(record)
            continue
        try:
            python = _find_interpreter(record.needs, base, path, files, cache)
        except ValueError as why:
            raise BaseUnfit(record.name, str(base.reference), str(why)) from None
        fitted.append(_fitted(record, python, contents.pexes[record.name], folder))
    pexes = {**contents.pexes, **{path.name: path for path in folder.iterdir()}}
    return attrs.evolve(contents, pexes=pexes, records=tuple(fitted))


def _fitted(record: Pex, python: str, launcher: Path, folder: Path) -> Pex:
    """Leave the launcher that *python* starts in *folder*; return its record."""
    data = start_with(python, launcher.read_bytes())
    (folder / record.name).write_bytes(data)
    return attrs.evolve(record, digest=digest_of(data), size=len(data))


def _find_interpreter(
    needs: Needs, base: Base, path: str, files: Callable[[], Filesystem], cache: Cache
) -> str:
    asked = CONVERTER.unstructure(needs)
    name = key("interpreter", base=base.reference.digest, needs=asked, path=path)
    known = cache.find(name, shared=False)
    if known is not None:
        return str(known.record["interpreter"])
    found = find_interpreter(needs, path, files())
    cache.keep(name, Entry({"interpreter": found}), {}, shared=False)
    return found
