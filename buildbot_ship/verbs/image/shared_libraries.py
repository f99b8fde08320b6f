"""Shared libraries that an image lacks: looked for before anybody publishes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ...errors import LibraryMissing
from ...model.artefact import Binaries, Layer
from ...model.cache import Entry
from ...model.cache_key import key
from ...model.filesystem.filesystem import Filesystem
from ...model.image.base import Base
from ...model.request import ImageRequest
from ...model.request.ship import FAIL, IGNORE
from ...model.request.wire import CONVERTER
from ..shared.job_runner import JobRunner
from .build_context import Parts

LISTED = 20
"""Libraries that a build names in its warnings."""
RULES = 1
"""Goes up when `find_missing` or `describe` say something else of the same files."""
TEXT = "libraries.txt"
REMEDY = (
    "for what the application uses, derive a runtime base with the packages that have these "
    "libraries (DeriveBase)"
)


@attrs.frozen
class Seen:
    """What an image holds besides our layers, its *files*, and the *variables* that it sets.

    *binaries* are those in them that came from the commit.  With *kept* it is the base, and no
    more than that, so that what is found out may be kept.
    """

    files: Callable[[], Filesystem]
    variables: Mapping[str, str]
    kept: bool = False
    binaries: tuple[Binaries, ...] = ()


def find_lacking(
    request: ImageRequest, parts: Parts, layers: Sequence[Layer], seen: Seen, runner: JobRunner
) -> dict[str, Any]:
    """Return what a result says of the shared libraries that an image of *layers* lacks.

    Raises LibraryMissing where that is an error.
    """
    if request.missing_libraries == IGNORE:
        return {}
    found = [*seen.binaries, *(layer.binaries for layer in layers)]
    found += [record.binaries for record in parts.contents.records]
    binaries = [part for part in found if part is not None and part != Binaries()]
    if not any(part.dependents for part in binaries):
        return {}
    lines, names = _look(binaries, parts.base, seen, runner)
    if not lines:
        return {}
    if request.missing_libraries == FAIL:
        few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
        raise LibraryMissing(request.image, few, str(parts.base.reference), tuple(lines))
    left = len(lines) - LISTED
    more = [f"and {left} more: see {TEXT}"] if left > 0 else []
    text = "".join(f"{line}\n" for line in [*lines, REMEDY])
    return {"warnings": (*lines[:LISTED], *more, REMEDY), "texts": {TEXT: text}}


def _look(
    binaries: Sequence[Binaries], base: Base, seen: Seen, runner: JobRunner
) -> tuple[list[str], list[str]]:
    """Return a line for each library that is missing, and their names.

    The same files on the same base are looked at once.
    """
    path = seen.variables.get("LD_LIBRARY_PATH", "")
    asked = [CONVERTER.unstructure(part) for part in binaries]
    name = ""
    if seen.kept:
        on = str(base.reference)
        name = key("libraries", rules=RULES, base=on, path=path, binaries=asked)
        known = runner.cache.find(name, shared=False)
        if known is not None:
            return known.record["lines"], known.record["names"]
    # Imported late: it is done once for each base.
    from ...model.runtime.shared_library import describe, find_missing  # noqa: PLC0415

    architecture = str(base.config.get("architecture", ""))
    missing = find_missing(binaries, seen.files(), architecture, path)
    lines = describe(missing, str(attrs.evolve(base.reference, digest=None)))
    names = [item.library for item in missing]
    if name:
        runner.cache.keep(name, Entry({"lines": lines, "names": names}), {}, shared=False)
    return lines, names
