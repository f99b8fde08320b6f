"""Tell whether the strict file still follows from the loose one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...errors import InvalidFile
from ...model.dockerfile.document import read_base
from ...model.reference import Reference
from ...model.request import CheckRequest
from ...model.requirements.header import Interpreter
from ...model.requirements.loose import metadata_of, read_loose
from ...model.requirements.staleness import (
    Locked,
    find_stale,
    harden_command,
    interpreter_fault,
)
from ...model.result import SUCCESS, Result, counted
from ...source.interface import Tree, hardened, read_bytes, required

Ask = Callable[[Reference], Interpreter]
"""Which Python a base has; the one call that takes an engine."""


def check(request: CheckRequest, *, tree: Tree, ask: Ask) -> Result:
    """Compare the files of a commit; raise InvalidFile with every stale place.

    *ask* is called only where FROM names another base than the one hardened on.  A strict
    file that was not hardened, where there is no loose file, follows from nothing here:
    only its lines are looked at.
    """
    read = partial(read_bytes, tree)

    locked = Locked.read(
        request, hardened(tree, request.strict), hardened(tree, request.build_lock)
    )
    if read(request.loose) is None and not locked.header.inputs:
        return _by_hand(request, locked)
    metadata = metadata_of(request.packages, read)
    loose = read_loose(request.loose, read, empty=bool(request.packages))
    pinned = read_base(required(tree, request.dockerfile), request.dockerfile)
    problems = find_stale(request, loose, metadata, locked)
    if not problems and str(pinned.base) != locked.header.base:
        problems += interpreter_fault(request, pinned.base_line, locked, ask(pinned.base))
    if problems:
        raise InvalidFile(tuple(problems), harden_command(request))
    count = counted(len(locked.pins), "package")
    return Result("check", SUCCESS, f"{request.strict} follows from {request.loose}: {count}")


def _by_hand(request: CheckRequest, locked: Locked) -> Result:
    """Say of a strict file from elsewhere what can be said of it."""
    said = (
        f"there is no {request.loose} that {request.strict} could follow from: "
        f"its {len(locked.pins)} packages all have hashes"
    )
    return Result("check", SUCCESS, said)
