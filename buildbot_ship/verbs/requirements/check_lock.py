"""Check that a lock file of another tool and its build lock are up to date."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...errors import InvalidFile, Problem
from ...model.dockerfile.document import read_base
from ...model.locks.formats import format_of
from ...model.locks.staleness import find_stale_lock
from ...model.reference import Reference
from ...model.request import CheckRequest
from ...model.requirements.build_lock import BuildLock, parse_build_lock
from ...model.requirements.header import Header, Interpreter, split
from ...model.requirements.lock_names import is_pyproject
from ...model.requirements.loose import LooseRequirement, read_loose
from ...model.requirements.staleness import environment_of, harden_command
from ...model.result import SUCCESS, Result, counted
from ...source.interface import Files, read_bytes, read_hardened, required
from ..shared.locked_pins import read_locked


def check_lock(
    request: CheckRequest, *, tree: Files, find_interpreter: Callable[[Reference], Interpreter]
) -> Result:
    """Compare the lock of a commit with its project files, build lock and Dockerfile.

    Raises FileMissing, InvalidRequest, and InvalidFile with all stale places.
    """
    text = read_hardened(tree, request.build_lock)
    header, build_lock = split(text)[0], parse_build_lock(text, request.build_lock)
    pinned = read_base(required(tree, request.dockerfile), request.dockerfile)
    interpreter = header.interpreter
    if interpreter is None or str(pinned.base) != header.base:
        interpreter = find_interpreter(pinned.base)
    environment = environment_of(interpreter)
    lock, projects = read_locked(request, tree, environment)
    problems = find_stale_lock(
        request,
        lock,
        projects,
        loose=_loose(request, tree),
        build_lock=build_lock,
        environment=environment,
    )
    problems += _other_python(request, header, build_lock, interpreter)
    if problems:
        raise InvalidFile(tuple(problems), _remedy(request, problems))
    count = counted(len(lock.pins), "package")
    return Result("check", SUCCESS, f"{count}, up to date: {request.strict}")


def _loose(request: CheckRequest, tree: Files) -> tuple[LooseRequirement, ...]:
    """Return the requirements of the loose file, if there is one beside the project files."""
    read = partial(read_bytes, tree)
    if is_pyproject(request.loose) or read(request.loose) is None:
        return ()
    return read_loose(request.loose, read, empty=True).requirements


def _other_python(
    request: CheckRequest, header: Header, build_lock: BuildLock, has: Interpreter
) -> list[Problem]:
    """Return a problem if the build lock was made for another Python than the base *has*."""
    made_for = header.interpreter
    if not build_lock.sections or (made_for is not None and has.accepts(made_for)):
        return []
    text = f"the base has Python {has}, but it was resolved for {made_for or 'an unknown one'}"
    return [Problem(request.build_lock, 1, text)]


def _remedy(request: CheckRequest, problems: list[Problem]) -> str:
    """Return how to update what is out of date: the lock, the build lock, or both."""
    kind = format_of(request.strict)
    assert kind is not None  # noqa: S101  # the caller asked
    command = harden_command(request)
    if all(problem.file == request.build_lock for problem in problems):
        return command
    return f"{kind.remedy}; then {command}"
