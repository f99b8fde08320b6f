"""Check an image for missing shared libraries before it is published."""

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
from .build_context import ImageInputs

MAX_WARNINGS = 20
"""Missing libraries that the warnings of a build list."""
RULES = 1
"""Part of the cache key: increase it if `find_missing` or `describe` change."""
TEXT = "libraries.txt"
REMEDY = (
    "if the application uses them, derive a runtime base with the packages that have these "
    "libraries (DeriveBase)"
)


@attrs.frozen
class ImageFiles:
    """The *files* of an image outside of our layers, and its environment *variables*.

    *binaries* are the ELF files among them that come from the commit.  *cacheable* is true if
    the files are exactly those of the base: then the findings are cached.
    """

    files: Callable[[], Filesystem]
    variables: Mapping[str, str]
    cacheable: bool = False
    binaries: tuple[Binaries, ...] = ()


def check_libraries(
    request: ImageRequest,
    inputs: ImageInputs,
    layers: Sequence[Layer],
    files: ImageFiles,
    runner: JobRunner,
) -> dict[str, Any]:
    """Return the warnings and the text of a result on missing shared libraries.

    Raises LibraryMissing if *request* says that they are an error.
    """
    if request.missing_libraries == IGNORE:
        return {}
    summaries = [*files.binaries, *(layer.binaries for layer in layers)]
    summaries += [record.binaries for record in inputs.contents.records]
    binaries = [part for part in summaries if part is not None and part != Binaries()]
    if not any(part.dependents for part in binaries):
        return {}
    lines, names = _find_missing_libraries(binaries, inputs.base, files, runner)
    if not lines:
        return {}
    if request.missing_libraries == FAIL:
        few = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
        raise LibraryMissing(request.image, few, str(inputs.base.reference), tuple(lines))
    left = len(lines) - MAX_WARNINGS
    more = [f"and {left} more: see {TEXT}"] if left > 0 else []
    text = "".join(f"{line}\n" for line in [*lines, REMEDY])
    return {"warnings": (*lines[:MAX_WARNINGS], *more, REMEDY), "texts": {TEXT: text}}


def _find_missing_libraries(
    binaries: Sequence[Binaries], base: Base, files: ImageFiles, runner: JobRunner
) -> tuple[list[str], list[str]]:
    """Return a line for each missing library, and the names; cached per base and binaries."""
    path = files.variables.get("LD_LIBRARY_PATH", "")
    asked = [CONVERTER.unstructure(part) for part in binaries]
    name = ""
    if files.cacheable:
        on = str(base.reference)
        name = key("libraries", rules=RULES, base=on, path=path, binaries=asked)
        entry = runner.cache.find(name, shared=False)
        if entry is not None:
            return entry.record["lines"], entry.record["names"]
    # Imported late: it is needed once per base.
    from ...model.runtime.shared_library import describe, find_missing  # noqa: PLC0415

    architecture = str(base.config.get("architecture", ""))
    missing = find_missing(binaries, files.files(), architecture, path)
    lines = describe(missing, str(attrs.evolve(base.reference, digest=None)))
    names = [item.library for item in missing]
    if name:
        runner.cache.keep(name, Entry({"lines": lines, "names": names}), {}, shared=False)
    return lines, names
