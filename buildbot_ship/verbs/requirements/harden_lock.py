"""Update a lock file of another tool, and write the build lock for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from ...errors import FileMissing, InvalidFile, InvalidRequest
from ...model.dockerfile.document import base_of
from ...model.locks.lock import Lock
from ...model.request import HardenRequest
from ...model.requirements.build_lock import parse_build_lock
from ...model.requirements.changes import StrictFile, compare
from ...model.requirements.distribution_formats import Formats
from ...model.requirements.header import are_equivalent
from ...model.requirements.text import decode
from ...model.result import Result, counted
from ...source.checkout import Checkout
from ...source.interface import read_text, required
from ...store.change_notes import ChangeNotes
from ..shared.job_result import reading_result
from ..shared.job_runner import JobRunner
from ..shared.locked_pins import read_locked
from ..shared.tools_image import Tools
from .hardened import export_packages, hardened, header_of, names_of, read_ages
from .known_answers import KnownAnswers
from .updated_lock import Edited, update_lock


def harden_lock(
    request: HardenRequest, *, checkout: Checkout, runner: JobRunner, notes: ChangeNotes
) -> Result:
    """Update the lock file in the working directory, and write its build lock.

    With the upgrade ``nothing``, the lock stays as it is.  If nothing relevant changed, the
    build lock keeps its bytes.  Raises what `harden` raises.
    """
    _check_options(request)
    base = base_of(required(checkout, request.dockerfile), request.dockerfile)
    old = {path: read_text(checkout, path) for path in (request.strict, request.build_lock)}
    tools = runner.tools(base)
    environment: Mapping[str, str] = tools.facts["environment"]
    new, before = dict(old), StrictFile()
    if request.upgrade != "nothing":
        before = _pins(request, checkout, environment)
        new[request.strict] = update_lock(request, checkout, runner, tools)
    edited = Edited(checkout, {path: text for path, text in new.items() if text})
    lock = read_locked(request, edited, environment)[0]
    built = _build_lock(request, lock, checkout, runner, tools)
    build_lock = header_of({}, base, tools, built.sdists).text + built.text
    if not are_equivalent(old[request.build_lock], build_lock):
        parse_build_lock(build_lock, request.build_lock)
        new[request.build_lock] = build_lock
    checkout.write({path: text for path, text in new.items() if text != old[path]})
    after = StrictFile(lock.pins)
    changes = compare(after if request.upgrade == "nothing" else before, after, built.ages)
    if new[request.strict] != old[request.strict]:
        notes.leave(new[request.strict].encode(), changes.message(request.strict))
    what = f"{counted(len(lock.pins), 'package')} locked"
    if request.upgrade == "nothing":
        del new[request.strict]
    return hardened(request.strict, what, changes, new)


def _check_options(request: HardenRequest) -> None:
    """Raise InvalidRequest for options that the tool of the lock has instead."""
    for option, words in Formats.of(request).options().items():
        if words:
            why = f"{request.strict} has all files of a release: set this in the project's tool"
            raise InvalidRequest(option, why)


def _pins(
    request: HardenRequest, checkout: Checkout, environment: Mapping[str, str]
) -> StrictFile:
    """Return the pins of the current lock; none if there is none that can be read."""
    try:
        return StrictFile(read_locked(request, checkout, environment)[0].pins)
    except (FileMissing, InvalidFile, InvalidRequest):
        return StrictFile()


@attrs.frozen
class _Built:
    """The build lock without its header, its sdists, and the days since each release."""

    text: str
    sdists: tuple[str, ...]
    ages: Mapping[str, float]


def _build_lock(
    request: HardenRequest, lock: Lock, checkout: Checkout, runner: JobRunner, tools: Tools
) -> _Built:
    before = read_text(checkout, request.build_lock)
    arguments: dict[str, Any] = {
        "strict": "".join(pin.text for pin in lock.pins),
        "packages": list(request.packages),
        "cooldown": request.cooldown,
        "cooldown_except": list(request.cooldown_except),
        "no_binary": [],
        "only_binary": [],
        "likely": names_of(lock.pins, before),
    }
    with runner.work.scratch() as scratch:
        files = export_packages(checkout, request.packages, scratch)
        answers = KnownAnswers.of(runner, tools, request.packages, files, metadata=False)
        arguments["answers"] = answers.find(before)
        out = scratch / "out"
        result = runner.run("harden", tools.image, arguments, out, files, network=True)
        answers.keep(result)
        with reading_result("harden"):
            text = decode((out / "build.txt").read_bytes(), "build.txt")
            sdists = tuple(str(sdist) for sdist in result["sdists"])
            return _Built(text, sdists, read_ages(result))
