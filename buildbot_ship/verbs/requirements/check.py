"""Check that requirements.strict.txt and the build lock are up to date."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...errors import InvalidFile
from ...model.dockerfile.document import read_base
from ...model.reference import Reference
from ...model.request import CheckRequest
from ...model.requirements.header import Interpreter
from ...model.requirements.lock_names import is_lock
from ...model.requirements.loose import Selected, metadata_of, read_loose
from ...model.requirements.staleness import (
    Locked,
    find_stale,
    harden_command,
    interpreter_fault,
)
from ...model.result import SUCCESS, Result, counted
from ...source.interface import Files, read_bytes, read_hardened, required

FindInterpreter = Callable[[Reference], Interpreter]
"""Returns the Python of a base; the only call that needs the engine."""


def check(request: CheckRequest, *, tree: Files, find_interpreter: FindInterpreter) -> Result:
    """Compare the strict file of a commit with its loose file, own packages and Dockerfile.

    *find_interpreter* is called only if FROM names another base than the header of the strict
    file.  If there is no loose file, and the strict file has no header, only the lines of the
    strict file are checked.  Raises InvalidFile with all stale places.
    """
    if is_lock(request.strict):
        # Imported late: most repositories have a strict file.
        from .check_lock import check_lock  # noqa: PLC0415

        return check_lock(request, tree=tree, find_interpreter=find_interpreter)
    read = partial(read_bytes, tree)

    locked = Locked.read(
        request, read_hardened(tree, request.strict), read_hardened(tree, request.build_lock)
    )
    if read(request.loose) is None and not locked.header.inputs:
        return _without_loose_file(request, locked)
    metadata = metadata_of(request.packages, read)
    selected = Selected(request.extras, request.groups)
    loose = read_loose(request.loose, read, empty=bool(request.packages), selected=selected)
    pinned = read_base(required(tree, request.dockerfile), request.dockerfile)
    problems = find_stale(request, loose, metadata, locked)
    if not problems and str(pinned.base) != locked.header.base:
        problems += interpreter_fault(
            request, pinned.base_line, locked, find_interpreter(pinned.base)
        )
    if problems:
        raise InvalidFile(tuple(problems), harden_command(request))
    count = counted(len(locked.pins), "package")
    return Result("check", SUCCESS, f"{count}, up to date: {request.strict}")


def _without_loose_file(request: CheckRequest, locked: Locked) -> Result:
    """Return the result for a strict file that was not hardened."""
    count = counted(len(locked.pins), "package")
    summary = f"{count} with hashes, not compared: {request.loose} is missing"
    return Result("check", SUCCESS, summary)
